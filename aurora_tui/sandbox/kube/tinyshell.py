"""The shell of a simulated container: a prompt, line editing, and the few commands that show where one is."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

PROMPT = "/ $ "
_NOT_FOUND, _INTERRUPTED = 127, 130


class TinyShell:
    """One process. `feed` takes what is typed and gives what is printed; `code` is its exit status once it has one."""

    def __init__(self, host: str, env: Mapping[str, str], processes: Sequence[str]) -> None:
        self.host = host
        self.env = {"HOSTNAME": host, "HOME": "/", "PATH": "/usr/local/bin:/usr/bin:/bin", **env}
        self.processes = processes
        self.columns, self.lines = 80, 24
        self.code: int | None = None
        self._last = 0
        self._line = ""

    def feed(self, data: bytes) -> bytes:
        """Type at the prompt; the terminal echoes, and every line end is CR LF, as from a real one."""
        printed = ""
        for sign in data.decode("utf-8", "replace"):
            if self.code is None:
                printed += self._type(sign)
        return printed.replace("\n", "\r\n").encode()

    def run(self, command: Sequence[str]) -> str:
        """Run one command to its end; sets `code`. Raises `LookupError` where the image has no such program."""
        name, *words = command
        if name in ("sh", "bash", "/bin/sh"):
            printed = self._run(words[1] if words[:1] == ["-c"] and len(words) > 1 else "")
        elif name not in _COMMANDS:
            raise LookupError(name)
        else:
            printed = self._run(shlex.join(command))
        self.code = self._last if self.code is None else self.code
        return printed

    def _type(self, sign: str) -> str:
        match sign:
            case "\r" | "\n":
                line, self._line = self._line, ""
                printed = "\n" + self._run(line)
                return printed + (PROMPT if self.code is None else "")
            case "\x03":
                self._line, self._last = "", _INTERRUPTED
                return f"^C\n{PROMPT}"
            case "\x04" if not self._line:
                self.code = self._last
                return "\n"
            case "\x7f" | "\x08":
                erased, self._line = bool(self._line), self._line[:-1]
                return "\b \b" if erased else ""
            case _ if sign.isprintable():
                self._line += sign
                return sign
        return ""

    def _run(self, line: str) -> str:
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            self._last = 2
            return "sh: syntax error: unterminated quoted string\n"
        words = [self._expanded(word) for word in words]
        if not words:
            return ""
        if words[0] == "exit":
            asked = words[1] if len(words) > 1 else str(self._last)
            self.code = int(asked) % 256 if asked.isdecimal() else 2
            return ""
        command = _COMMANDS.get(words[0])
        self._last = _NOT_FOUND if command is None else 1 if words[0] == "false" else 0
        return f"sh: {words[0]}: not found\n" if command is None else command(self, words[1:])

    def _expanded(self, word: str) -> str:
        return str(self._last) if word == "$?" else self.env.get(word[1:], "") if word.startswith("$") else word

    def _env(self, _: Sequence[str]) -> str:
        return "".join(f"{name}={value}\n" for name, value in self.env.items())

    def _stty(self, words: Sequence[str]) -> str:
        return f"{self.lines} {self.columns}\n" if words == ["size"] else "speed 38400 baud; line = 0;\n"

    def _ps(self, _: Sequence[str]) -> str:
        running = [*self.processes, "sh", "ps"]
        return "PID   COMMAND\n" + "".join(f"{number:<5} {name}\n" for number, name in enumerate(running, 1))


_COMMANDS: Mapping[str, Callable[[TinyShell, Sequence[str]], str]] = {
    "true": lambda shell, words: "",
    "false": lambda shell, words: "",
    ":": lambda shell, words: "",
    "echo": lambda shell, words: " ".join(words) + "\n",
    "pwd": lambda shell, words: "/\n",
    "whoami": lambda shell, words: "app\n",
    "id": lambda shell, words: "uid=10001(app) gid=10001(app)\n",
    "hostname": lambda shell, words: f"{shell.host}\n",
    "ls": lambda shell, words: "app  bin  dev  etc  home  lib  proc  tmp  usr  var\n",
    "help": lambda shell, words: f"a simulated container knows: {' '.join(sorted(_COMMANDS))} exit\n",
    "env": TinyShell._env,
    "stty": TinyShell._stty,
    "ps": TinyShell._ps,
}
