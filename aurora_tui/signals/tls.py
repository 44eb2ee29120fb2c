"""The TLS settings that the clients of signals share."""

from __future__ import annotations

import ssl

from aurora_tui.model.access import HttpAccess
from aurora_tui.signals.errors import SignalError, Trouble, plain


def ssl_context(access: HttpAccess) -> ssl.SSLContext:
    """Trust as `access` says. Raises SignalError where one of its files can't be used."""
    try:
        context = ssl.create_default_context(cafile=access.ca_file)
    except OSError as error:
        reason = f"the authorities in {access.ca_file} can't be used ({plain(error)})"
        raise SignalError(Trouble.UNREACHABLE, reason) from error
    # Python 3.13 began to refuse authorities without RFC 5280's key identifiers, which many clusters have.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if access.cert_file:
        try:
            context.load_cert_chain(access.cert_file, access.key_file)
        except OSError as error:
            reason = f"the certificate in {access.cert_file} can't be used ({plain(error)})"
            raise SignalError(Trouble.UNREACHABLE, reason) from error
    if not access.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
