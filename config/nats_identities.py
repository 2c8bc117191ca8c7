"""Every key of a stack's NATS, as one value that is made once and kept as one secret; tokens are derived from it.

Derived tokens are the same bytes at every run, because `issued_at` is kept with the keys: an untouched stack previews
without a change. What is left out: what the tokens allow (`config.nats_claims`) and their form (`jobs.nats_jwt`).
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from config import nats_claims, subjects
from jobs import nats_jwt
from jobs.nats_jwt import Role

_ROLES: dict[str, Role] = {
    "operator_seed": "operator",
    "operator_signing_seed": "operator",
    "system_account_seed": "account",
    "ainp_account_seed": "account",
    "control_account_seed": "account",
    "agent_signing_seed": "account",
    "provision_user_seed": "user",
    "admin_user_seed": "user",
    "registry_user_seed": "user",
    "system_user_seed": "user",
}

_JETSTREAM = ["$JS.API.>", "$JS.ACK.>", "$JS.FC.>"]
_REGISTRY = subjects.bucket_subjects(subjects.AGENTS_BUCKET)


class IdentityError(ValueError):
    """A kept value that does not hold the keys of a NATS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsIdentities:
    """The keys of one stack. Seeds are secret and stay out of its `repr`."""

    operator_seed: str = field(repr=False)
    operator_signing_seed: str = field(repr=False)
    """Signs new versions of the accounts, so that the operator's own key is used once."""
    system_account_seed: str = field(repr=False)
    ainp_account_seed: str = field(repr=False)
    control_account_seed: str = field(repr=False)
    agent_signing_seed: str = field(repr=False)
    """Signs agents, who are thereby bound to the role's template."""
    provision_user_seed: str = field(repr=False)
    admin_user_seed: str = field(repr=False)
    registry_user_seed: str = field(repr=False)
    system_user_seed: str = field(repr=False)
    issued_at: int
    """When the keys were made, in seconds since the epoch; every derived token says so."""

    def __post_init__(self) -> None:
        for name, role in _ROLES.items():
            found = nats_jwt.role_of(getattr(self, name))
            if found != role:
                raise IdentityError(f"nats identities: {name} is a key for a {found}, must be for a {role}")

    @classmethod
    def generate(cls, *, issued_at: int | None = None) -> Self:
        """Return new keys."""
        seeds: dict[str, Any] = {name: nats_jwt.new_seed(role) for name, role in _ROLES.items()}
        return cls(**seeds, issued_at=int(time.time()) if issued_at is None else issued_at)

    def to_json(self) -> str:
        """Return the secret to keep."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the keys that `to_json` wrote.

        Raises:
            IdentityError: a key is missing, unknown or of another kind; its value is not shown.
        """
        kept = json.loads(text)
        expected = {f.name for f in fields(cls)}
        if not isinstance(kept, dict) or set(kept) != expected:
            found = sorted(kept) if isinstance(kept, dict) else type(kept).__name__
            raise IdentityError(
                f"nats identities: found {found}, must be exactly {sorted(expected)}; "
                "restore the stack's state from its backup"
            )
        return cls(**kept)

    @property
    def system_account(self) -> str:
        """Public key of account SYS."""
        return nats_jwt.public_key(self.system_account_seed)

    @property
    def ainp_account(self) -> str:
        """Public key of account AINP."""
        return nats_jwt.public_key(self.ainp_account_seed)

    @property
    def control_account(self) -> str:
        """Public key of account CONTROL."""
        return nats_jwt.public_key(self.control_account_seed)

    @property
    def operator_jwt(self) -> str:
        """Token of the operator; not secret."""
        claims = nats_claims.operator_claims(
            operator=nats_jwt.public_key(self.operator_seed),
            signing_key=nats_jwt.public_key(self.operator_signing_seed),
            system_account=self.system_account,
        )
        return self._sign(claims, self.operator_seed)

    def account_claims(self, *, message_disk_bytes: int, registry_disk_bytes: int) -> tuple[dict[str, Any], ...]:
        """Return what the accounts with storage are meant to be, unsigned: the provision job adds what it finds live.

        Args:
            message_disk_bytes: what the streams of messages may take on all servers together.
            registry_disk_bytes: the same for the registry of agents.
        """
        ainp = nats_claims.ainp_account_claims(
            account=self.ainp_account,
            agent_signing_key=nats_jwt.public_key(self.agent_signing_seed),
            disk_bytes=message_disk_bytes,
        )
        return ainp, nats_claims.control_account_claims(account=self.control_account, disk_bytes=registry_disk_bytes)

    def account_jwts(self, *, message_disk_bytes: int, registry_disk_bytes: int) -> dict[str, str]:
        """Return the token with which each account starts, by public key; not secret."""
        storing = self.account_claims(message_disk_bytes=message_disk_bytes, registry_disk_bytes=registry_disk_bytes)
        claims = (nats_claims.system_account_claims(account=self.system_account), *storing)
        return {one["sub"]: self._sign(one, self.operator_signing_seed) for one in claims}

    @property
    def provision_creds(self) -> str:
        """Credentials of the provision job: it manages streams; messages it sees only through a consumer."""
        return self._user("provision", self.provision_user_seed, self.ainp_account_seed, _JETSTREAM)

    @property
    def registry_creds(self) -> str:
        """Credentials for the registry of agents, for the provision job and `ainp agent`."""
        return self._user("registry", self.registry_user_seed, self.control_account_seed, [*_JETSTREAM, _REGISTRY])

    @property
    def admin_creds(self) -> str:
        """Credentials of the operator at the command line: everything in AINP."""
        return self._user("admin", self.admin_user_seed, self.ainp_account_seed, [">"], [">"])

    @property
    def system_creds(self) -> str:
        """Credentials for account SYS: the servers' state, and claims of accounts."""
        return self._user("system", self.system_user_seed, self.system_account_seed, [">"], [">"])

    def agent_creds(self, *, agent: str, user_seed: str, issued_at: int) -> str:
        """Return the credentials of one agent; nothing about it needs to reach a server before it connects."""
        claims = nats_claims.agent_claims(agent=agent, user=nats_jwt.public_key(user_seed), account=self.ainp_account)
        token = nats_jwt.encode(claims, signer_seed=self.agent_signing_seed, issued_at=issued_at)
        return nats_jwt.creds(token, user_seed)

    def _user(
        self, name: str, seed: str, account_seed: str, publish: list[str], subscribe: list[str] | None = None
    ) -> str:
        claims = nats_claims.platform_user_claims(
            name=name,
            user=nats_jwt.public_key(seed),
            publish=publish,
            subscribe=subscribe or [f"{subjects.user_inbox_prefix(name)}.>"],
        )
        return nats_jwt.creds(self._sign(claims, account_seed), seed)

    def _sign(self, claims: dict[str, Any], signer_seed: str) -> str:
        return nats_jwt.encode(claims, signer_seed=signer_seed, issued_at=self.issued_at)
