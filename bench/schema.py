"""Checks a study against the schema and fills in the schema's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from bench.messages import unknown

SCHEMA = Path(__file__).resolve().parents[1] / "workflow" / "schemas" / "study.schema.yaml"


class SchemaError(ValueError):
    """What the schema does not allow, in one line."""


def checked(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a study with the schema's defaults filled in.

    Raises:
        SchemaError: Something is not as the schema says; the message names the key and the
            nearest valid choice.
    """
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    _check_keys(raw)
    _validate(raw, schema)
    complete: dict[str, Any] = _complete(raw, schema, schema)
    return complete


def _check_keys(value: Any, where: str = "") -> None:
    """Raise if a key is not a string, which YAML allows and JSON does not."""
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                raise SchemaError(f"{where}key {key!r} is not a word; put it in quotes")
            _check_keys(part, f"{where}{key}.")


def _validate(raw: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise one line about the first thing that the schema does not allow."""
    validator = jsonschema.Draft202012Validator(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(raw))
    if error is None:
        return
    where = ".".join(str(part) for part in error.absolute_path)
    allowed = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties":
        wrong = next(key for key in error.instance if key not in allowed)
        message = unknown("key", str(wrong), allowed)
    elif error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        message = f"key {missing!r} is missing"
    elif error.validator == "enum":
        message = unknown("value", str(error.instance), map(str, error.validator_value))
    elif error.validator in ("minimum", "exclusiveMinimum"):
        bound = "at least" if error.validator == "minimum" else "above"
        message = f"{error.instance} is too small; it must be {bound} {error.validator_value}"
    elif error.validator == "type":
        wanted = error.validator_value
        wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
        message = f"{error.instance!r} should be of type {wanted}"
    else:
        message = error.message
    raise SchemaError(f"{where + ': ' if where else ''}{message}")


def _complete(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """Return ``value`` with the schema's defaults filled in, at every depth but one.

    What ``per_dataset`` leaves unsaid is not a default: it stays as the study has it.
    """
    if "$ref" in schema:
        schema = {**root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], **schema}
    if not isinstance(value, dict):
        return value
    result = dict(value)
    for key, part in schema.get("properties", {}).items():
        if key in result:
            result[key] = _complete(result[key], part, root)
        elif "default" in part:
            result[key] = _complete(part["default"], part, root)
    return result
