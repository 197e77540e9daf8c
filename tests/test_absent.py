import pytest

import keras_gans as kg


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (kg.models.StackGAN, "`StackGAN` has no `for_images`: it learns from captions"),
        (kg.models.TextGAN, "`TextGAN` has no `for_images`: it learns from texts"),
        (kg.models.SemiSupervisedGAN, "`SemiSupervisedGAN` has no `for_images`: it learns"),
    ],
)
def test_says_why_a_model_cannot_be_made_of_a_dataset(kind, reason):
    with pytest.raises(AttributeError, match=reason):
        kind.for_images(None)
    assert not hasattr(kind, "for_images")
