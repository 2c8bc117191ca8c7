import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ops import file_backend
from ops.errors import OperatorError


def lock(folder: Path, pid: int, host: str = socket.gethostname()) -> Path:
    file = folder / file_backend.LOCKS / "dev" / f"{pid}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"pid": pid, "username": "me", "hostname": host, "timestamp": "2026-01-01T00:00:00Z"}))
    return file


def dead_pid() -> int:
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=subprocess.PIPE, check=True)
    return int(done.stdout)


def released(folder: Path) -> list[str]:
    return list(file_backend.release_dead_locks("dev", folder))


def test_the_lock_of_a_dead_process_is_released(tmp_path: Path) -> None:
    pid = dead_pid()
    file = lock(tmp_path, pid)
    assert released(tmp_path) == [f"released the lock of process {pid}, which is dead"]
    assert not file.exists()


def test_the_lock_of_a_living_engine_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_backend, "ENGINE_NAME", Path("/proc/self/comm").read_text().strip())
    file = lock(tmp_path, os.getpid())
    with pytest.raises(OperatorError, match=rf"`pulumi` \(process {os.getpid()}\) is changing it"):
        released(tmp_path)
    assert file.exists()


def test_a_lock_whose_process_id_another_program_bears_now_is_released(tmp_path: Path) -> None:
    lock(tmp_path, os.getpid())
    assert released(tmp_path)


def test_the_lock_of_another_machine_stays(tmp_path: Path) -> None:
    file = lock(tmp_path, dead_pid(), host="elsewhere")
    with pytest.raises(OperatorError, match="on elsewhere since 2026") as refused:
        released(tmp_path)
    assert "pulumi cancel" in refused.value.remedy
    assert file.exists()


def test_only_a_file_backend_has_a_folder() -> None:
    assert file_backend.folder_of("file:///with%20space/.state?metadata=skip") == Path("/with space/.state")
    assert file_backend.folder_of("s3://bucket") is None


def test_a_sidecar_that_was_cut_short_is_removed_and_the_state_stays(tmp_path: Path) -> None:
    folder = tmp_path / file_backend.STACKS
    folder.mkdir(parents=True)
    for name, text in {"dev.json": "{}", "dev.json.attrs": "", "dev.json.18ab.tmp": "{", "t-x.json.attrs": ""}.items():
        (folder / name).write_text(text)
    done = list(file_backend.drop_half_written("dev", tmp_path))
    assert len(done) == 2
    assert {file.name for file in folder.iterdir()} == {"dev.json", "t-x.json.attrs"}


def test_a_whole_sidecar_stays(tmp_path: Path) -> None:
    folder = tmp_path / file_backend.STACKS
    folder.mkdir(parents=True)
    (folder / "dev.json.attrs").write_text('{"md5": "x"}')
    assert not list(file_backend.drop_half_written("dev", tmp_path))
