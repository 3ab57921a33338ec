"""What programs are told, field by field. From one table of fields come the JSON of a thing and its schema in the OpenAPI file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar

Json = dict[str, Any]
Owner = TypeVar("Owner")


@dataclass(frozen=True)
class JsonType:
    """A kind of value: its *schema* (JSON Schema, as OpenAPI 3.1 has it), and how JSON of a value is made. None stays null."""

    schema: Json
    write: Callable[[Any], object] = lambda value: value

    def read(self, read: Callable[[Owner], object]) -> "Field[Owner]":
        """A field of this type with what *read* finds in the thing that is told of."""
        return Field(self, read)

    def means(self, description: str) -> "JsonType":
        return replace(self, schema={**self.schema, "description": description})


@dataclass(frozen=True)
class Field(Generic[Owner]):
    type: JsonType
    find: Callable[[Owner], object]


# By name. A type without more is read from the attribute of that name.
Fields: TypeAlias = Mapping[str, JsonType | Field[Owner]]


def tell(fields: Fields[Owner], thing: Owner) -> Json:
    """The JSON of *thing*, with exactly these *fields* in their order."""
    told = {}
    for name, field in fields.items():
        kind, value = (field.type, field.find(thing)) if isinstance(field, Field) else (field, getattr(thing, name))
        told[name] = None if value is None else kind.write(value)
    return told


def object_of(fields: Fields[Any], *, optional: Sequence[str] = ()) -> JsonType:
    """An object with exactly these fields, all of them there but the *optional* ones."""
    types = {name: field.type if isinstance(field, Field) else field for name, field in fields.items()}
    schema = {
        "type": "object",
        "properties": {name: kind.schema for name, kind in types.items()},
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }
    return JsonType(schema, lambda thing: tell(fields, thing))


def array_of(kind: JsonType) -> JsonType:
    return JsonType({"type": "array", "items": kind.schema}, lambda some: [kind.write(one) for one in some])


def nullable(kind: JsonType) -> JsonType:
    """It, or null."""
    if "$ref" in kind.schema:
        return replace(kind, schema={"anyOf": [kind.schema, {"type": "null"}]})
    return replace(kind, schema={**kind.schema, "type": [kind.schema["type"], "null"]})


def one_of(names: Iterable[str] | type[Enum]) -> JsonType:
    return JsonType({"type": "string", "enum": [str(name) for name in names]})


def named(name: str, kind: JsonType) -> JsonType:
    """The same, described once under its name in the OpenAPI file."""
    return replace(kind, schema={"$ref": f"#/components/schemas/{name}"})
