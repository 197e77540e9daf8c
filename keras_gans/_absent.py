"""What a class does not have, though the class that it comes from has."""

from typing import Any


class Absent:
    """An attribute that is taken away from a class, and says why.

    >>> class Bird:
    ...     def fly(self): ...
    >>> class Penguin(Bird):
    ...     fly: Any = Absent("it swims")
    >>> hasattr(Penguin, "fly")
    False
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        raise AttributeError(f"`{owner.__name__}` has no `{self.name}`: {self.reason}")
