from __future__ import annotations

import pulumi
import pytest

from components.docker.ownership import refuse_foreign_volumes

OWN = "0123456789abcdef"


def test_volumes_of_this_state_are_no_obstacle() -> None:
    refuse_foreign_volumes("dev", OWN, {"ainp-dev-nats-1-data": OWN})
    refuse_foreign_volumes("dev", "", {})


@pytest.mark.parametrize("identity", [OWN, ""], ids=["another state", "no state at all"])
@pytest.mark.parametrize("owner", ["fedcba9876543210", ""])
def test_volumes_of_another_state_stop_the_program_and_name_the_recovery(identity: str, owner: str) -> None:
    if owner == identity:
        owner = "fedcba9876543210"
    with pytest.raises(pulumi.RunError) as refused:
        refuse_foreign_volumes(
            "dev", identity, {"ainp-dev-nats-1-data": owner, "ainp-dev-nats-2-data": identity or owner}
        )
    text = str(refused.value)
    assert "ainp-dev-nats-1-data" in text
    assert "Nothing was changed" in text
    assert "ainp reset --stack dev" in text
