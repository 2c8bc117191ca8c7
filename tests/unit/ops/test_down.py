from ops import down
from tests.unit.ops.test_status import deployment


def volume(name: str, kind: str) -> dict[str, object]:
    labels = [{"label": "ainp.kind", "value": kind}]
    return {"type": down.VOLUME_TYPE, "urn": f"urn::{name}", "id": name, "inputs": {"labels": labels}}


def test_data_and_the_keys_that_it_belongs_to_survive_and_files_do_not() -> None:
    secret = {"type": down.SECRET_TYPE, "urn": "urn::keys", "id": "x", "inputs": {}}
    kept = down.surviving(deployment(volume("the-data", "data"), volume("the-files", "files"), secret))
    assert kept == {"urn::the-data": "the-data", "urn::keys": ""}


def test_an_empty_state_keeps_nothing() -> None:
    assert down.surviving({"deployment": {}}) == {}
