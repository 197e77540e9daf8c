"""Pages of the site that are made of the repository's files, so that nothing is written twice."""

import ast
import pathlib
import posixpath
import re

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "keras_gans"
PAGES = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "studies.md": "benchmarks/README.md",
    "saved_models/index.md": "saved_models/README.md",
    **{
        f"saved_models/{card.parent.name}.md": card.relative_to(ROOT).as_posix()
        for card in sorted(ROOT.glob("saved_models/*/README.md"))
    },
}
#: The target of a link to a file, or of a picture.
TARGET = re.compile(r'(?:(?<=\]\()|(?<=src="))(?!\w+:|#|/)[^)#\s"]+')


def public_names():
    """The names in `keras_gans.__all__`, read without an import."""
    for node in ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return ast.literal_eval(node.value)


def api_pages():
    """A page for each public module, and one for what else the package has."""
    in_package = {path.stem for path in PACKAGE.iterdir()}
    modules = [name for name in public_names() if name in in_package]
    pages = {f"api/{m}.md": f"# keras_gans.{m}\n\n::: keras_gans.{m}\n" for m in modules}
    others = [name for name in public_names() if name not in in_package]
    options = f"    options:\n      members: {others}\n"
    return {"api/index.md": f"# keras_gans\n\n::: keras_gans\n{options}", **pages}


def on_config(config):
    index, *modules = api_pages()
    names = [{"keras_gans": index}, *({pathlib.Path(page).stem: page} for page in modules)]
    config.nav = [
        {"Home": "index.md"},
        {"From the Keras tutorials": "tutorials.md"},
        {
            "Guides": [
                {"Trained models": "trained_models.md"},
                {"Your own pictures": "own_pictures.md"},
                {"Objectives, techniques, models": "extending.md"},
                {"How good are the samples?": "evaluation.md"},
                {"Long runs": "long_runs.md"},
                {"Explorer": "explorer.md"},
                {"Serving": "serving.md"},
            ]
        },
        {"Speed": "speed.md"},
        {"Studies": "studies.md"},
        {"API": names},
        {"Contributing": "contributing.md"},
        {"Changelog": "changelog.md"},
    ]
    return config


def on_files(files, config):
    for page, source in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for page, content in api_pages().items():
        files.append(File.generated(config, page, content=content))
    pages = [ROOT / source for source in PAGES.values()] + list(ROOT.glob("docs/*.md"))
    for path in sorted({target for page in pages for target in linked_files(page)}):
        if path.is_file() and path.suffix != ".md":
            uri = path.relative_to(ROOT).as_posix()
            files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def linked_files(page):
    """The files of the repository that a page links to."""
    for target in TARGET.findall(page.read_text(encoding="utf-8")):
        yield (page.parent / target).resolve()


def on_page_markdown(markdown, page, config, files):
    """Links between files of the repository become links between pages of the site."""
    source = ROOT / PAGES.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    of_site = {source: page for page, source in PAGES.items()}

    def moved(match):
        path = (source.parent / match[0]).resolve()
        if not path.is_relative_to(ROOT):
            return match[0]
        uri = path.relative_to(ROOT).as_posix()
        target = of_site.get(uri, uri.removeprefix("docs/"))
        return posixpath.relpath(target, posixpath.dirname(page.file.src_uri) or ".")

    return markdown if page.file.src_uri.startswith("api/") else TARGET.sub(moved, markdown)
