"""The certificate by which Keycloak is known ran out."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import Certificate, Created, Fault, Scenario

_AGE = 510.0
_HOST = "aurora-keycloak:8443"
_NAME = "aurora-keycloak-tls"
_ISSUED = 10 * 86_400.0


_CERTIFICATE = {
    "kind": "Secret",
    "apiVersion": "v1",
    "metadata": {"name": _NAME, "namespace": "aurora", "labels": {"app": "aurora-keycloak"}},
    "type": "kubernetes.io/tls",
    "stringData": {"tls.crt": "invented-certificate", "tls.key": "invented-key"},
}

SCENARIO = Scenario(
    name="expired-cert",
    title="Keycloak's certificate has expired",
    shows=(
        "HighErrorRate fires: Keycloak's certificate ran out eight and a half minutes ago, and the backend refuses its "
        "answers (x509: certificate has expired or is not yet valid); nothing was released or restarted."
    ),
    mends="Renewing the certificate in secret/aurora-keycloak-tls; no rollback, restart or scaling helps.",
    onset=_AGE,
    moves=(
        Created(_CERTIFICATE, _ISSUED),
        Certificate(
            _NAME,
            _HOST,
            _AGE,
            "aurora-backend",
            Fault(
                0.6,
                1.0,
                f"token introspection: Post https://{_HOST}/realms/aurora/protocol/openid-connect/token/introspect: "
                "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
                "SSLHandshakeException",
            ),
        ),
    ),
)
