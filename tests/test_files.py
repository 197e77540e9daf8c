"""Files are either whole or not there."""

import pytest

from keras_gans import _files


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class TestReplacing:
    def test_writes_a_new_file_and_makes_its_folder(self, tmp_path):
        target = tmp_path / "a" / "b" / "file.txt"
        with _files.replacing(target) as temporary:
            temporary.write_text("new")
            assert not target.exists()
        assert target.read_text() == "new"
        assert names(target.parent) == ["file.txt"]

    def test_keeps_the_name_for_formats_read_from_it(self, tmp_path):
        with _files.replacing(tmp_path / "model.keras") as temporary:
            assert temporary.name == "model.keras"
            temporary.touch()

    def test_replaces_a_file(self, tmp_path):
        target = tmp_path / "file.txt"
        target.write_text("old")
        with _files.replacing(str(target)) as temporary:
            temporary.write_text("new")
            assert target.read_text() == "old"
        assert target.read_text() == "new"
        assert names(tmp_path) == ["file.txt"]

    def test_a_failure_leaves_the_old_file(self, tmp_path):
        target = tmp_path / "file.txt"
        target.write_text("old")
        with pytest.raises(RuntimeError), _files.replacing(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError
        assert target.read_text() == "old"
        assert names(tmp_path) == ["file.txt"]

    def test_a_failure_leaves_nothing_new(self, tmp_path):
        with pytest.raises(RuntimeError), _files.replacing(tmp_path / "file.txt") as temporary:
            temporary.write_text("half")
            raise RuntimeError
        assert names(tmp_path) == []

    def test_refuses_to_overwrite(self, tmp_path):
        target = tmp_path / "file.txt"
        target.write_text("old")
        with (
            pytest.raises(FileExistsError, match="`overwrite` is False"),
            _files.replacing(target, overwrite=False) as temporary,
        ):
            temporary.write_text("new")
        assert target.read_text() == "old"


class TestReplacingSavedModel:
    def write(self, target, text):
        with _files.replacing_saved_model(target) as temporary:
            temporary.mkdir()
            (temporary / "saved_model.pb").write_text(text)

    @pytest.mark.parametrize("exists", [True, False])
    def test_writes_a_new_or_into_an_empty_folder(self, tmp_path, exists):
        target = tmp_path / "model"
        if exists:
            target.mkdir()
        self.write(target, "new")
        assert _files.is_saved_model(target)
        assert names(tmp_path) == ["model"]

    def test_replaces_all_of_an_older_saved_model(self, tmp_path):
        target = tmp_path / "model"
        self.write(target, "old")
        (target / "assets").mkdir()
        self.write(target, "new")
        assert (target / "saved_model.pb").read_text() == "new"
        assert names(target) == ["saved_model.pb"]
        assert names(tmp_path) == ["model"]

    def test_a_failure_leaves_the_older_one(self, tmp_path):
        target = tmp_path / "model"
        self.write(target, "old")
        with pytest.raises(RuntimeError), _files.replacing_saved_model(target) as temporary:
            temporary.mkdir()
            raise RuntimeError
        assert (target / "saved_model.pb").read_text() == "old"
        assert names(tmp_path) == ["model"]

    @pytest.mark.parametrize("kind", ["file", "folder"])
    def test_refuses_to_replace_anything_else(self, tmp_path, kind):
        target = tmp_path / "precious"
        if kind == "folder":
            target.mkdir()
        precious = target / "thesis.tex" if kind == "folder" else target
        precious.write_text("years of work")
        with pytest.raises(ValueError, match="`filepath` must be a new or empty folder"):
            self.write(target, "new")
        assert precious.read_text() == "years of work"


class TestCheckFolder:
    def test_leaves_nothing_behind(self, tmp_path):
        for folder in (tmp_path, tmp_path / "a" / "b"):
            _files.check_folder(folder)
        assert names(tmp_path) == []

    @pytest.mark.parametrize("name", ["file", "file/a/b", "x" * 300])
    def test_refuses_what_can_be_no_folder(self, name, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(OSError):
            _files.check_folder(tmp_path / name)
