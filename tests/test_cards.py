"""Model cards: pages made of facts, which Hugging Face reads."""

import json

import pytest

from keras_gans import cards

FACTS = {
    "name": "my_gan",
    "title": "My GAN",
    "summary": "It draws.",
    "model": "WGANGP",
    "parameters": {"generator": 1234567},
    "paper": {"title": "A Paper", "authors": "Someone", "year": 2020, "url": "https://a.org"},
    "differs": "Nothing.",
    "task": "unconditional-image-generation",
    "tags": ["mnist"],
    "data": {"name": "mnist", "description": "Digits", "url": "https://d.org", "license": "CC"},
    "license": "apache-2.0",
    "training": {"command": "python -m keras_gans", "steps": 12000, "minutes": 1.5},
    "quality": {
        "results": {"frechet_distance": 2.01234, "precision": 0.85},
        "protocol": {"split": "mnist, test", "generated": 10000, "settings": {"prdc": {"k": 5}}},
        "check": "frechet_distance",
        "tolerance": 0.02,
    },
    "pictures": [
        {"file": "samples.png", "caption": "Samples."},
        {"file": "nearest.png", "caption": "Nearest."},
    ],
    "limits": ["Digits only.", "White on black."],
    "usage": ["import keras_gans as kg"],
}


@pytest.fixture
def front_matter():
    """The metadata, each line a key and JSON or a word."""
    _, text, _ = cards.page(FACTS).split("---\n", 2)
    lines = dict(line.split(": ", 1) for line in text.strip().split("\n"))

    def value(text):
        try:
            return json.loads(text)
        except ValueError:
            return text

    return {key: value(text) for key, text in lines.items()}


def test_metadata(front_matter):
    assert front_matter["library_name"] == "keras"
    assert front_matter["license"] == "apache-2.0"
    assert front_matter["pipeline_tag"] == "unconditional-image-generation"
    assert front_matter["datasets"] == ["mnist"]
    assert "mnist" in front_matter["tags"]
    (index,) = front_matter["model-index"]
    (result,) = index["results"]
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert values == FACTS["quality"]["results"]


def test_metadata_is_read_by_hugging_face(front_matter):
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard(cards.page(FACTS))
    assert card.data.license == "apache-2.0"
    assert card.data.model_name == "my_gan"
    results = {result.metric_type: result.metric_value for result in card.data.eval_results}
    assert results == FACTS["quality"]["results"]


def test_says_all_that_is_known():
    page = cards.page(FACTS)
    for text in (
        "# My GAN",
        "It draws.",
        "`keras_gans.models.WGANGP`",
        "1,234,567",
        "Someone 2020, [A Paper](https://a.org)",
        "[Digits](https://d.org)",
        "| steps | 12,000 |",
        "| command | `python -m keras_gans` |",
        "| frechet distance | 2.012 |",
        "generated: 10,000",
        "prdc k 5",
        "it may differ by 2 %",
        "- White on black.",
        "import keras_gans as kg",
    ):
        assert text in page, text
    assert page.index("samples.png") < page.index("## Model") < page.index("nearest.png")


def test_what_is_missing_is_left_out():
    page = cards.page({"title": "Unknown"})
    assert "# Unknown" in page
    assert "##" not in page
    assert "None" not in page


def test_is_written_with_its_facts(tmp_path):
    cards.write(tmp_path, FACTS)
    assert cards.read(tmp_path) == FACTS
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == cards.page(FACTS)


def test_numbers_that_json_has_not_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"JSON"):
        cards.write(tmp_path, {"title": "A", "training": {"loss": float("nan")}})
