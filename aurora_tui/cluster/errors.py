"""What can go wrong between us and an API server, in words that say what to do next."""

from __future__ import annotations


class ClusterError(Exception):
    """A request that did not do what was asked.

    `status` is the HTTP status (None when no answer came), `reason` the server's Status reason
    (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/) and `causes` the reasons of
    its causes.
    """

    def __init__(
        self, message: str, *, status: int | None = None, reason: str = "", causes: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason
        self.causes = causes


class ConfigError(ClusterError):
    """The kubeconfig cannot give a connection: no file, no such context, a broken entry."""


class UnauthorizedError(ClusterError):
    """401: the credentials are missing, expired or refused."""


class ForbiddenError(ClusterError):
    """403: the credentials are good, the right is missing."""


class NotFoundError(ClusterError):
    """404: no such object, or the server does not serve this kind."""


class ConflictError(ClusterError):
    """409: the object changed since it was read."""


class GoneError(ClusterError):
    """410: the resourceVersion is too old; the list must be read again."""


class ThrottledError(ClusterError):
    """429: the server asks to wait; `retry_after` in seconds."""

    def __init__(self, message: str, *, retry_after: float, reason: str = "") -> None:
        super().__init__(message, status=429, reason=reason)
        self.retry_after = retry_after


class UnreachableError(ClusterError):
    """No connection could be made: nothing was sent."""


class AnswerLostError(ClusterError):
    """The request went out and no answer came back: it may or may not have been carried out."""


class ReadOnlyError(ClusterError):
    """The client is read-only: the request was not sent."""
