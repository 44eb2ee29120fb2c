"""Failures as the API server words them: `Status` objects with code, reason, message and details."""

from __future__ import annotations

from collections.abc import Sequence

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.kinds import Json, Resource


class ApiError(Exception):
    """A request that failed; `status` is the body to answer with."""

    def __init__(self, code: int, reason: str, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            **({"details": details} if details else {}),
            "code": code,
        }


class FieldFault(Frozen):
    """One invalid field: `text` begins with ``Invalid value: …``, ``Required value`` or ``Forbidden: …``."""

    field: str
    text: str

    @property
    def cause(self) -> Json:
        kind = self.text.split(":", 1)[0].replace(" ", "")
        return {"reason": f"FieldValue{kind.removesuffix('value')}", "message": self.text, "field": self.field}


def details(resource: Resource, name: str) -> Json:
    named = {"name": name} if name else {}
    return {**named, **({"group": resource.group} if resource.group else {}), "kind": resource.plural}


def not_found(resource: Resource, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', details(resource, name))


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: Resource, name: str) -> ApiError:
    text = f'{resource.qualified} "{name}" already exists'
    return ApiError(409, "AlreadyExists", text, details(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> ApiError:
    why = why or ("the object has been modified; please apply your changes to the latest version and try again")
    text = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", text, details(resource, name))


def invalid(resource: Resource, name: str, faults: Sequence[FieldFault]) -> ApiError:
    """422, worded as field.ErrorList.ToAggregate does: one fault bare, several in brackets."""
    texts = [f"{fault.field}: {fault.text}" for fault in faults]
    told = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    text = f'{resource.qualified_kind} "{name}" is invalid: {told}'
    causes = [fault.cause for fault in faults]
    told_details: Json = {**details(resource, name), "kind": resource.kind, "causes": causes}
    return ApiError(422, "Invalid", text, told_details)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Resource, name: str, why: str) -> ApiError:
    text = f'{resource.qualified} "{name}" is forbidden: {why}'
    return ApiError(403, "Forbidden", text, details(resource, name))


def method_not_allowed() -> ApiError:
    text = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", text, {})


def not_acceptable() -> ApiError:
    text = "only the following media types are accepted: application/json"
    return ApiError(406, "NotAcceptable", text)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    text = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return ApiError(415, "UnsupportedMediaType", text)


def unprocessable_patch() -> ApiError:
    """A JSON patch whose operation failed; the server's own answer does not say which."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def too_many_requests(message: str, cause: str, retry_after: int = 0) -> ApiError:
    told: Json = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    if retry_after:
        told["retryAfterSeconds"] = retry_after
    return ApiError(429, "TooManyRequests", message, told)


def not_implemented(what: str) -> ApiError:
    """A real API that the sandbox does not simulate: said so, rather than answered with nothing."""
    return ApiError(501, "NotImplemented", f"the sandbox does not simulate {what}")


def too_large_revision(asked: int, current: int) -> ApiError:
    told: Json = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    return ApiError(504, "Timeout", f"Too large resource version: {asked}, current: {current}", told)
