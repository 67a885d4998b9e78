"""`WWW-Authenticate` of the doors that take access tokens (RFC 6750 §3, RFC 9728 §5.1)."""

RESOURCE_METADATA = "/.well-known/oauth-protected-resource"


def challenge(issuer: str, error: str | None = None, scope: str | None = None) -> dict[str, str]:
    """Return the header that says what is wrong with a token and where a client learns how to get one.

    Without a token `error` is left out (RFC 6750 §3.1). From `resource_metadata` a client that knows
    nothing but this answer finds the authorization server.
    """
    said = {
        "realm": "ccx",
        "error": error,
        "scope": scope,
        "resource_metadata": f"{issuer}{RESOURCE_METADATA}",
    }
    parts = (f'{name}="{value}"' for name, value in said.items() if value is not None)
    return {"WWW-Authenticate": "Bearer " + ", ".join(parts)}
