"""Both databases that a review can be in: a file, and a real PostgreSQL that the tests start."""

import contextlib
import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Server:
    """A PostgreSQL for the time of the tests; by its socket it asks for no password."""

    folder: Path
    port: int
    user: str

    def url(self, name: str) -> str:
        return f"postgresql://{self.user}@/{name}?host={self.folder}&port={self.port}"

    def address(self, name: str, *, password: str | None = None) -> str:
        who = self.user if password is None else f"{self.user}:{password}"
        return f"postgresql://{who}@127.0.0.1:{self.port}/{name}"

    def emptied(self) -> str:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'review_%'"
            ).fetchall()
            for (name,) in found:
                connection.execute(f'DROP SCHEMA "{name}" CASCADE')
        return self.url("postgres")

    def run(self, *words: str, **options) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            as_postgres(*words), check=True, capture_output=True, text=True, **options
        )


PASSWORD = "correct horse"


def programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def as_postgres(*words: str) -> list[str]:
    # A server refuses to run as root; Debian's package brings a user for it.
    return ["runuser", "-u", "postgres", "--", *words] if os.geteuid() == 0 else list(words)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL of its own for each worker: nobody else's data, nobody else's port."""
    where = programs()
    if where is None:
        pytest.skip("PostgreSQL's programs are not installed (Debian's package postgresql)")
    root = os.geteuid() == 0
    if root:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("the tests run as root, and there is no user postgres to run a server as")
        if shutil.which("runuser") is None:
            pytest.skip("the tests run as root, and there is no runuser to leave it by")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if root:
        shutil.chown(folder, "postgres")
    user = "postgres" if root else getpass.getuser()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Server(folder, port, user)
    data = folder / "data"
    password = folder / "password"
    password.write_text(PASSWORD)
    if root:
        shutil.chown(password, "postgres")
    made.run(
        str(where / "initdb"), "-D", str(data), "--no-sync", "-U", user, "-E", "UTF8",
        "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=scram-sha-256",
        f"--pwfile={password}", cwd=folder,
    )  # fmt: skip
    cheap = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder),
        "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
        "shared_buffers": "32MB", "max_connections": 40, "autovacuum": "off",
    }  # fmt: skip
    with (data / "postgresql.auto.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in cheap.items())
    process = subprocess.Popen(
        as_postgres(str(where / "postgres"), "-D", str(data)),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            if (folder / f".s.PGSQL.{port}").exists() and ready(made):
                break
            if process.poll() is not None:
                pytest.skip("PostgreSQL does not start here")
            time.sleep(0.1)
        else:
            pytest.skip("PostgreSQL is not ready after 30 seconds")
        yield made
    finally:
        stop = [str(where / "pg_ctl"), "stop", "-D", str(data), "-m", "immediate"]
        with contextlib.suppress(subprocess.CalledProcessError):
            made.run(*stop, cwd=folder)
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def ready(server: Server) -> bool:
    import psycopg

    try:
        with psycopg.connect(server.url("postgres")):
            return True
    except psycopg.OperationalError:
        return False


@pytest.fixture
def postgres(server: Server) -> str:
    """The address of a PostgreSQL database without any review in it, and without a password."""
    return server.emptied()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request) -> str | None:
    """What `Review.create` takes for database: a file's, and a real PostgreSQL's."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres")
