"""Every way in which a download can go wrong, against a server on this machine."""

import hashlib
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pooch
import pytest
import requests

from nndl_support.data import registry
from nndl_support.data.registry import DownloadError, fetch

CONTENT = b"To be, or not to be, that is the question:\n" * 20_000
NAME = "play/hamlet.txt"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requested.append(self.path)
        if self.path == "/good/play/hamlet.txt":
            self.answer(CONTENT)
        elif self.path == "/wrong/play/hamlet.txt":
            self.answer(CONTENT.replace(b"not", b"now"))
        elif self.path == "/truncated/play/hamlet.txt":
            self.answer(CONTENT[:-1000], announced=len(CONTENT))
        elif self.path == "/stalls/play/hamlet.txt":
            self.answer(CONTENT[: len(CONTENT) // 2], announced=len(CONTENT))
            self.wfile.flush()
            self.server.stalled.set()
            self.server.go_on.wait(30)
        else:
            self.send_error(404)

    def answer(self, content, announced=None):
        self.send_response(200)
        self.send_header("Content-Length", str(len(content) if announced is None else announced))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def running_server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.stalled, server.go_on = threading.Event(), threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server(running_server, monkeypatch):
    running_server.requested = []
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return running_server


@pytest.fixture
def url(server):
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("NNDL_DATA_CACHE", str(folder))
    monkeypatch.setenv("NNDL_PROGRESS", "0")
    monkeypatch.delenv("NNDL_DATA_MIRROR", raising=False)
    return folder


@pytest.fixture
def register(monkeypatch):
    def register(*urls, content=CONTENT):
        monkeypatch.setitem(registry.FILES, NAME, registry.RemoteFile(hashlib.sha256(content).hexdigest(), urls))

    register()
    return register


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_is_downloaded_checked_kept_and_not_downloaded_again(cache, register, server, url):
    register(f"{url}/good/play/hamlet.txt")
    path = fetch(NAME)
    assert path == cache / "play" / "hamlet.txt"
    assert path.read_bytes() == CONTENT
    assert fetch(NAME) == path
    assert len(server.requested) == 1
    assert files_in(cache) == ["play/hamlet.txt"]


def test_a_damaged_file_in_the_cache_is_replaced(cache, register, url):
    register(f"{url}/good/play/hamlet.txt")
    (cache / "play").mkdir(parents=True)
    (cache / "play" / "hamlet.txt").write_bytes(CONTENT[:100])
    assert fetch(NAME).read_bytes() == CONTENT


def test_the_second_address_is_tried_when_the_first_fails(cache, register, server, url):
    register(f"{url}/gone/play/hamlet.txt", f"{url}/good/play/hamlet.txt")
    assert fetch(NAME).read_bytes() == CONTENT
    assert server.requested == ["/gone/play/hamlet.txt", "/good/play/hamlet.txt"]


def test_wrong_content_is_refused_and_not_kept(cache, register, url):
    register(f"{url}/wrong/play/hamlet.txt")
    expected = hashlib.sha256(CONTENT).hexdigest()
    with pytest.raises(DownloadError, match=rf"(?s)wrong/play/hamlet.txt: .*not the expected file.*{expected}"):
        fetch(NAME)
    assert files_in(cache) == []


def test_a_truncated_download_is_refused_and_not_kept(cache, register, url):
    register(f"{url}/truncated/play/hamlet.txt")
    with pytest.raises(DownloadError, match="broke off before the end"):
        fetch(NAME)
    assert files_in(cache) == []


def test_a_file_that_is_gone_names_every_address_that_was_tried(cache, register, url):
    register(f"{url}/a/play/hamlet.txt", f"{url}/b/play/hamlet.txt")
    with pytest.raises(DownloadError, match=r"(?s)play/hamlet.txt.*/a/play.*404.*/b/play.*404.*NNDL_DATA_MIRROR"):
        fetch(NAME)
    assert files_in(cache) == []


def test_without_network_the_error_says_what_else_one_can_do(cache, register):
    with socket.socket() as unused:  # bound but not listening: nobody answers there
        unused.bind(("127.0.0.1", 0))
        register(f"http://127.0.0.1:{unused.getsockname()[1]}/play/hamlet.txt")
        with pytest.raises(DownloadError, match=r"(?s)ConnectionError.*put the file into a folder.*NNDL_DATA_MIRROR"):
            fetch(NAME)
    assert files_in(cache) == []


def test_an_interrupted_download_leaves_nothing(cache, register, url, monkeypatch):
    register(f"{url}/good/play/hamlet.txt")
    chunks = requests.Response.iter_content

    def interrupted(self, *arguments, **options):
        stream = chunks(self, *arguments, **options)
        yield next(stream)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(requests.Response, "iter_content", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch(NAME)
    assert files_in(cache) == []
    assert fetch(NAME).read_bytes() == CONTENT


def test_a_process_killed_in_the_middle_leaves_no_file_under_the_name(cache, register, server, url):
    program = (
        "import sys; from nndl_support.data import registry; name, sha256, url = sys.argv[1:];"
        "registry.FILES[name] = registry.RemoteFile(sha256, (url,)); registry.fetch(name)"
    )
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    address = f"{url}/stalls/play/hamlet.txt"
    with subprocess.Popen([sys.executable, "-c", program, NAME, sha256, address], cwd=os.getcwd()) as process:
        assert server.stalled.wait(30)
        process.send_signal(signal.SIGKILL)
    server.go_on.set()
    assert not (cache / NAME).exists()
    register(f"{url}/good/play/hamlet.txt")
    assert fetch(NAME).read_bytes() == CONTENT


def test_a_cache_that_cannot_be_a_folder_is_named(cache, register, url):
    register(f"{url}/good/play/hamlet.txt")
    cache.write_text("a file where the folder should be")
    with pytest.raises(DownloadError, match=rf"{re.escape(str(cache))}.*cannot be written .*NNDL_DATA_CACHE"):
        fetch(NAME)


def test_a_read_only_cache_is_named(cache, register, url, monkeypatch):
    # Root may write everywhere, so the system's refusal is played; the next test meets the real one.
    register(f"{url}/good/play/hamlet.txt")
    (cache / "play").mkdir(parents=True)

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pooch.utils.tempfile, "NamedTemporaryFile", refuse)
    with pytest.raises(DownloadError, match=r"cannot be written .*Permission denied.*NNDL_DATA_CACHE"):
        fetch(NAME)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders are protected otherwise on this system")
def test_a_read_only_cache_on_a_real_disk_is_named(cache, register, url, monkeypatch):
    register(f"{url}/good/play/hamlet.txt")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        monkeypatch.setenv("NNDL_DATA_CACHE", folder)
        user = os.geteuid()
        try:
            if user == 0:
                os.seteuid(65534)  # root may write everywhere, nobody may not
            with pytest.raises(DownloadError, match=r"cannot be written .*Permission denied.*NNDL_DATA_CACHE"):
                fetch(NAME)
        finally:
            os.seteuid(user)
            os.chmod(folder, 0o755)
        assert os.listdir(folder) == []


def test_a_file_in_a_read_only_cache_is_still_used(cache, register, monkeypatch):
    (cache / "play").mkdir(parents=True)
    (cache / "play" / "hamlet.txt").write_bytes(CONTENT)
    monkeypatch.setattr(pooch, "retrieve", lambda *arguments, **options: pytest.fail("nothing had to be downloaded"))
    assert fetch(NAME).read_bytes() == CONTENT


def test_an_unknown_name_lists_the_known_ones(cache):
    with pytest.raises(ValueError, match=r"'omniglot/none.zip'; known are .*tinyshakespeare/input.txt"):
        fetch("omniglot/none.zip")


def test_a_mirror_folder_is_read_in_place_and_nothing_is_asked_of_the_network(
    cache, register, server, url, monkeypatch, tmp_path
):
    register(f"{url}/good/play/hamlet.txt")
    (tmp_path / "mirror" / "play").mkdir(parents=True)
    (tmp_path / "mirror" / NAME).write_bytes(CONTENT)
    monkeypatch.setenv("NNDL_DATA_MIRROR", str(tmp_path / "mirror"))
    assert fetch(NAME) == tmp_path / "mirror" / NAME
    assert not cache.exists()
    assert server.requested == []


def test_a_mirror_folder_without_the_file_is_named_with_the_file(cache, register, server, url, monkeypatch, tmp_path):
    register(f"{url}/good/play/hamlet.txt")
    monkeypatch.setenv("NNDL_DATA_MIRROR", str(tmp_path))
    with pytest.raises(DownloadError, match=rf"{re.escape(str(tmp_path))} \(NNDL_DATA_MIRROR\) has no file {NAME}"):
        fetch(NAME)
    assert server.requested == []


def test_a_mirror_folder_with_another_file_of_the_name_is_refused(cache, register, monkeypatch, tmp_path):
    (tmp_path / "play").mkdir()
    (tmp_path / NAME).write_bytes(b"To be")
    monkeypatch.setenv("NNDL_DATA_MIRROR", str(tmp_path))
    with pytest.raises(DownloadError, match=r"5 bytes\) has sha256 \w{64}, but \w{64} was expected"):
        fetch(NAME)


def test_a_mirror_that_is_neither_folder_nor_address_is_refused(cache, register, monkeypatch, tmp_path):
    monkeypatch.setenv("NNDL_DATA_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(DownloadError, match="neither a folder nor an http"):
        fetch(NAME)


def test_a_mirror_address_stands_in_place_of_the_public_ones(cache, register, server, url, monkeypatch):
    register(f"{url}/public/play/hamlet.txt")
    monkeypatch.setenv("NNDL_DATA_MIRROR", f"{url}/good/")
    assert fetch(NAME) == cache / NAME
    assert server.requested == ["/good/play/hamlet.txt"]


def test_the_cache_is_used_also_when_a_mirror_address_is_set(cache, register, server, url, monkeypatch):
    (cache / "play").mkdir(parents=True)
    (cache / NAME).write_bytes(CONTENT)
    monkeypatch.setenv("NNDL_DATA_MIRROR", f"{url}/gone")
    assert fetch(NAME) == cache / NAME
    assert server.requested == []


def test_a_download_prints_nothing_when_progress_is_off_and_a_bar_otherwise(cache, register, url, capfd, monkeypatch):
    register(f"{url}/good/play/hamlet.txt")
    fetch(NAME).unlink()
    assert capfd.readouterr() == ("", "")
    monkeypatch.delenv("NNDL_PROGRESS")
    fetch(NAME)
    out, err = capfd.readouterr()
    assert out == ""
    assert "100%" in err


def test_the_downloader_logs_nothing(cache, register, url):
    # Its handler holds the standard error of the moment of import, which no capture of a test sees.
    register(f"{url}/good/play/hamlet.txt")
    lines = []
    handler = logging.Handler()
    handler.emit = lines.append
    pooch.get_logger().addHandler(handler)
    try:
        fetch(NAME)
    finally:
        pooch.get_logger().removeHandler(handler)
    assert lines == []


def test_the_log_level_of_the_downloader_is_given_back(cache, register, url):
    register(f"{url}/wrong/play/hamlet.txt")
    logger = pooch.get_logger()
    assert logger.level != logging.ERROR
    before = logger.level
    with pytest.raises(DownloadError):
        fetch(NAME)
    assert logger.level == before


def test_without_a_choice_the_cache_is_the_user_s(monkeypatch):
    monkeypatch.delenv("NNDL_DATA_CACHE", raising=False)
    assert registry.cache_directory() == pooch.os_cache("nndl-support")
    monkeypatch.setenv("NNDL_DATA_CACHE", "~/elsewhere")
    assert "~" not in str(registry.cache_directory())


def test_every_registered_file_has_a_checksum_and_secure_addresses():
    assert len(registry.FILES) == 8
    for name, file in registry.FILES.items():
        assert re.fullmatch(r"[a-z]+/[A-Za-z0-9_.-]+", name)
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.urls
        assert all(address.startswith("https://") and address.endswith(name.split("/")[1]) for address in file.urls)
    assert len({file.sha256 for file in registry.FILES.values()}) == 8


def test_a_cache_that_one_may_not_look_into_counts_as_empty(monkeypatch, tmp_path):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(registry.Path, "is_file", refuse)
    assert not registry._is_file(tmp_path / "file")
