"""Models go to hubs and come back, by the hubs' own packages.

Hugging Face's is given a stand-in of its server, with the part of the interface that it calls.
Kaggle's finds the model in its cache.
"""

import base64
import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading

import pytest

import keras_gans as kg
from keras_gans import hubs

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class StandIn(http.server.BaseHTTPRequestHandler):
    """A hub of one user, whose models are dictionaries of files."""

    protocol_version = "HTTP/1.1"
    models: dict = {}

    def log_message(self, *arguments):
        pass

    def answer(self, body=b"", status=200, **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", headers.pop("length", len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        name, rest = self.repository()
        files = self.models.get(name)
        if files is None:
            self.answer({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")
        elif self.path.startswith("/api/"):
            if "/tree/" in self.path:
                entries = [
                    {"type": "file", "path": p, "size": len(b), "oid": hashlib.sha1(b).hexdigest()}
                    for p, b in files.items()
                ]
                self.answer(entries, Content_Type="application/json")
            else:
                siblings = [{"rfilename": path} for path in files]
                info = {"id": name, "sha": COMMIT, "siblings": siblings, "private": False}
                self.answer({**info, "tags": [], "downloads": 0}, Content_Type="application/json")
        else:
            file = files[re.fullmatch(r"/resolve/[^/]+/(.+)", rest)[1]]
            etag = f'"{hashlib.sha1(file).hexdigest()}"'
            self.answer(file, ETag=etag, X_Repo_Commit=COMMIT, Accept_Ranges="bytes")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/repos/create":
            self.models.setdefault(f"me/{json.loads(body)['name']}", {})
            self.answer({"url": f"http://{self.headers['Host']}/me/{json.loads(body)['name']}"})
            return
        if self.path == "/api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
            return
        name, rest = self.repository()
        if rest.startswith("/preupload/"):
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self.answer({"files": files})
        else:
            for line in body.decode().splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    content = base64.b64decode(entry["value"]["content"])
                    self.models[name][entry["value"]["path"]] = content
            url = f"http://{self.headers['Host']}/{name}/commit/{COMMIT}"
            self.answer({"success": True, "commitOid": COMMIT, "commitUrl": url})

    def repository(self):
        """The name of a model in the path of a request, and what follows it."""
        path = self.path.partition("?")[0].removeprefix("/api/models")
        match = re.match(r"/([^/]+/[^/]+)(.*)", path)
        return match[1], match[2]


@pytest.fixture
def hub():
    StandIn.models = {}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


MAKE = """
import keras, keras_gans as kg
keras.utils.set_random_seed(0)
gan = kg.models.GAN(
    kg.networks.mlp_generator((2,), 2, (4,)), kg.networks.mlp_discriminator((2,), (4,)), 2
)
"""


def python(code, hub, tmp_path, **environment):
    paths = {"HF_HOME": str(tmp_path / "hugging_face"), "HF_ENDPOINT": hub, "HF_TOKEN": "hf_token"}
    paths["KAGGLEHUB_CACHE"] = str(tmp_path / "kaggle")
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **paths, **environment},
        timeout=300,
    )


@pytest.mark.slow
def test_a_model_goes_to_hugging_face_and_comes_back(hub, tmp_path):
    pytest.importorskip("huggingface_hub")
    code = (
        f"{MAKE}"
        "gan.save('hf://me/points')\n"
        "before = gan.sample(4, seed=0)\n"
        "served, again = kg.load('hf://me/points'), kg.models.from_preset('hf://me/points')\n"
        "print(abs(served.sample(4, seed=0) - before).max() < 1e-2)\n"
        "print(abs(again.sample(4, seed=0) - before).max() < 1e-2)\n"
    )
    result = python(code, hub, tmp_path)
    assert result.stdout.split() == ["True", "True"], result.stderr
    kept = set(StandIn.models["me/points"])
    assert {"saved_model.pb", "keras_gans.json", "model.keras", "README.md"} <= kept
    code = "import keras_gans as kg; print(kg.load('hf://me/points').sample(3).shape)"
    nowhere = "http://127.0.0.1:9"  # it was downloaded once
    result = python(code, nowhere, tmp_path, HF_HUB_OFFLINE="1")
    assert result.stdout == "(3, 2)\n", result.stderr


@pytest.mark.slow
def test_a_model_that_hugging_face_has_not(hub, tmp_path):
    pytest.importorskip("huggingface_hub")
    code = "import keras_gans as kg; kg.load('hf://me/nothing')"
    result = python(code, hub, tmp_path)
    last = [line for line in result.stderr.splitlines() if line.startswith("ValueError")]
    assert last
    assert "`filepath` must be a model that can be downloaded" in last[0]
    assert "filepath='hf://me/nothing'" in last[0]


@pytest.mark.slow
def test_a_model_of_kaggle_is_found_in_its_cache(hub, tmp_path):
    pytest.importorskip("kagglehub")
    folder = tmp_path / "kaggle" / "models" / "me" / "points" / "tensorFlow2" / "small"
    folder.mkdir(parents=True)
    shutil.copytree(kg._zoo.CHECKOUT / "wgan_gp_digits", folder / "1")
    (folder / "1.complete").touch()
    code = (
        "import keras_gans as kg\n"
        "print(kg.load('kaggle://me/points/tensorFlow2/small/1').sample(3).shape)"
    )
    result = python(code, hub, tmp_path)
    assert result.stdout.endswith("(3, 8, 8, 1)\n"), result.stderr


def test_what_is_uploaded_to_kaggle(monkeypatch, tmp_path):
    """The handle and the folder that its package gets."""
    kaggle = pytest.importorskip("kagglehub")
    calls = []
    monkeypatch.setattr(
        kaggle, "model_upload", lambda handle, folder: calls.append((handle, folder))
    )
    hubs.upload("filepath", "kaggle://me/points/tensorFlow2/small", tmp_path)
    assert calls == [("me/points/tensorFlow2/small", str(tmp_path))]
