"""NATS JWTs, version 2: keys from random bytes, signing, reading; the same input gives the same bytes.

The format is that of the Go library ``github.com/nats-io/jwt/v2`` (claims.go): header algorithm ``ed25519-nkey``, and
as `jti` the SHA-512/256 of the standard claims alone, in that library's order, in unpadded base32. Servers that compare
their accounts take equal `jti` for equal claims, so a change of what stands under `nats` needs a later `iat`.

It lives among the jobs because the provision job signs claims inside a container that holds nothing but the jobs. What
the claims say is not decided here (`config.nats_claims`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any, Literal

import nkeys

Role = Literal["operator", "account", "user"]

_PREFIX = {
    "operator": nkeys.PREFIX_BYTE_OPERATOR,
    "account": nkeys.PREFIX_BYTE_ACCOUNT,
    "user": nkeys.PREFIX_BYTE_USER,
}
_SEED_BYTES = 32
_STANDARD_CLAIMS = ("aud", "exp", "jti", "iat", "iss", "name", "nbf", "sub")
"""In the order of the Go struct `ClaimsData`, which `jti` is computed over."""


class JwtError(ValueError):
    """A key or token that is not what it should be."""


def new_seed(role: Role) -> str:
    """Return a new secret key from 32 random bytes, in the text form of nkeys (`SO…`, `SA…`, `SU…`)."""
    return encode_seed(role, secrets.token_bytes(_SEED_BYTES))


def encode_seed(role: Role, raw: bytes) -> str:
    """Return the text form of a secret key of 32 bytes."""
    if len(raw) != _SEED_BYTES:
        raise JwtError(f"seed of {len(raw)} bytes: must be {_SEED_BYTES}")
    return str(nkeys.encode_seed(raw, _PREFIX[role]), "ascii")


def public_key(seed: str) -> str:
    """Return the public key of a seed (`O…`, `A…`, `U…`)."""
    return str(_key_pair(seed).public_key, "ascii")


def role_of(seed: str) -> Role:
    """Return what a seed is for.

    Raises:
        JwtError: it is no seed, or one for something else.
    """
    try:
        prefix, _ = nkeys.decode_seed(bytearray(seed, "ascii"))
    except Exception as error:  # nkeys raises its own exceptions as well as those of the decoders it calls
        raise JwtError("not a seed of an nkey (the value is secret and not shown)") from error
    for role, byte in _PREFIX.items():
        if byte == prefix:
            return role  # type: ignore[return-value]  # the keys of _PREFIX are the roles
    raise JwtError("a seed for neither operator nor account nor user (the value is secret and not shown)")


def encode(claims: dict[str, Any], *, signer_seed: str, issued_at: int) -> str:
    """Sign `claims` (`sub`, `name`, `nats`, …) and return the token.

    Args:
        claims: what to state; `iss`, `iat` and `jti` are added.
        signer_seed: secret key of the operator or account that states it.
        issued_at: seconds since the epoch.
    """
    complete = {key: value for key, value in claims.items() if key not in {"iss", "iat", "jti"}}
    complete |= {"iss": public_key(signer_seed), "iat": issued_at}
    complete["jti"] = _jti(complete)
    signed = _segment({"typ": "JWT", "alg": "ed25519-nkey"}) + "." + _segment(complete, sort_keys=True)
    return signed + "." + _base64(_key_pair(signer_seed).sign(signed.encode()))


def decode(token: str) -> dict[str, Any]:
    """Return the claims of a token that came from a trusted place; the signature is the server's to verify.

    Raises:
        JwtError: it is no token.
    """
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError) as error:
        raise JwtError(f"not a JWT: {token[:20]!r}…") from error
    if not isinstance(claims, dict):
        raise JwtError(f"not a JWT: its claims are a {type(claims).__name__}, not an object")
    return claims


def creds(token: str, seed: str) -> str:
    """Return the text of a credentials file, which NATS clients read: a user's token and secret key."""
    return (
        "-----BEGIN NATS USER JWT-----\n"
        f"{token}\n"
        "------END NATS USER JWT------\n\n"
        "-----BEGIN USER NKEY SEED-----\n"
        f"{seed}\n"
        "------END USER NKEY SEED------\n"
    )


def _key_pair(seed: str) -> Any:
    return nkeys.from_seed(bytearray(seed, "ascii"))


def _jti(claims: dict[str, Any]) -> str:
    standard = {key: claims[key] for key in _STANDARD_CLAIMS if claims.get(key)}
    digest = hashlib.new("sha512_256", _compact(standard).encode()).digest()
    return base64.b32encode(digest).decode().rstrip("=")


def _compact(value: dict[str, Any], *, sort_keys: bool = False) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=sort_keys)


def _segment(value: dict[str, Any], *, sort_keys: bool = False) -> str:
    return _base64(_compact(value, sort_keys=sort_keys).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
