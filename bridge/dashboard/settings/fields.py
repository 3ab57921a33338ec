"""What a page of settings that is a form consists of. Field names are those of `domain.settings_form.FIELDS`."""

from dataclasses import dataclass

from bridge.dashboard.labels import Options, setting_choices, setting_name
from worker.domain.setting_names import CHOICES
from worker.domain.settings_form import CHECKBOX, FIELDS


@dataclass(frozen=True)
class FormField:
    """One field of a form: the setting's name, and its kind of input where that does not follow from the setting."""

    name: str
    kind: str = ""
    help: str = ""
    options: Options = ()
    words: Options = ()  # what may be typed, and what it means, below the field
    needed: bool = False
    narrow: bool = False  # shares its line with the narrow one beside it

    @property
    def label(self) -> str:
        return setting_name(self.name)

    @property
    def input(self) -> str:
        if self.kind:
            return self.kind
        if FIELDS[self.name] is CHECKBOX:
            return "check"
        return "select" if self.name in CHOICES else "text"

    @property
    def choices(self) -> Options:
        return self.options or (setting_choices(self.name) if self.name in CHOICES else ())


@dataclass(frozen=True)
class FieldGroup:
    """Fields under one heading."""

    title: str
    fields: tuple[FormField, ...]
    intro: str = ""
    folded: str = ""
    """What is behind the fold, where the group is folded until it is asked for."""


@dataclass(frozen=True)
class SettingsPage:
    """A page of settings."""

    title: str
    intro: str
    groups: tuple[FieldGroup, ...]

    @property
    def fields(self) -> tuple[FormField, ...]:
        return tuple(asked for group in self.groups for asked in group.fields)
