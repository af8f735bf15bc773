"""What people write for the catalogue, as YAML."""

from __future__ import annotations

from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound=BaseModel)


def read(kind: type[T], content: bytes) -> T:
    """The ``kind`` in ``content`` (YAML, UTF-8). Raises ValueError in one line where it is none."""
    try:
        return kind.model_validate(yaml.safe_load(content))
    except ValidationError as bad:
        first = bad.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as bad:
        raise ValueError(f"no YAML: {str(bad).splitlines()[0]}") from None
