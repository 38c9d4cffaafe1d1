"""Hooks for the time of a block."""

import copy

import pytest

from clip_skip_lab.webui.shadow import hooked, shadowed


class Base:
    def greet(self, name):
        return f"hello {name}"


class Greeter(Base):
    pass


def louder(original, name):
    return original(name).upper()


def test_a_hook_is_called_in_the_place_of_the_method_and_is_gone_afterwards():
    greeter = Greeter()
    with hooked(greeter, "greet", louder):
        assert greeter.greet("fox") == "HELLO FOX"
    assert greeter.greet("fox") == "hello fox"
    assert "greet" not in vars(Greeter) | vars(greeter)


def test_a_copy_of_the_object_and_others_of_its_class_have_no_hook():
    greeter = Greeter()
    with hooked(greeter, "greet", louder):
        assert copy.copy(greeter).greet("fox") == "hello fox"
        assert Greeter().greet("fox") == "hello fox"


def test_hooks_on_one_method_call_each_other_the_latest_first():
    greeter = Greeter()
    with hooked(greeter, "greet", louder), hooked(greeter, "greet", lambda original, name: original(name + "!") + "?"):
        assert greeter.greet("fox") == "HELLO FOX!?"


def test_a_method_that_somebody_hung_on_the_object_is_the_original_and_stays_there():
    greeter = Greeter()
    greeter.greet = theirs = lambda name: f"theirs, {name}"
    with hooked(greeter, "greet", louder):
        assert greeter.greet("fox") == "THEIRS, FOX"
    assert greeter.greet is theirs


def test_after_an_error_in_the_block_everything_is_as_it_was():
    greeter, before = Greeter(), Base.greet
    with pytest.raises(ValueError, match="wall"), hooked(greeter, "greet", louder), shadowed(Base, "greet", len):
        raise ValueError("a wall")
    assert Base.greet is before
    assert "greet" not in vars(Greeter)
