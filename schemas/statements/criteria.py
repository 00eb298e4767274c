"""What examinations look for beside what is always looked at: marks of providers, a brand's colours, logos and texts.

Every criterion has an id, which findings and reviewers cite.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from schemas.base import Body, Digest, Line, PositiveInt, Shape, Slug

CRITERIA_TAG = "criteria:all"
Permille = Annotated[int, Field(strict=True, ge=0, le=1000)]


class MarkTemplateRegistered(Body):
    """From this entry on files are looked through for this visible mark. The newest registration under a name counts."""

    TYPE: ClassVar[str] = "mark.template-registered.v1"
    template: Slug
    provider: Line
    image_sha256: Digest | None = None
    """Blob: the mark alone, light on black or on transparency, cropped to its edges. None: it is looked for no longer."""
    width_permille: Annotated[int, Field(strict=True, ge=20, le=900)]
    """How wide the mark is, in thousandths of the picture's width. It is looked for a fifth smaller to a fourth larger."""
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return (CRITERIA_TAG, f"criteria:{self.template}")

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "template": "sora-2025",
                "provider": "OpenAI Sora",
                "image_sha256": "ee" * 32,
                "width_permille": 200,
                "reason": "cut out of a clip of our own, November 2025",
            }
        )


class KitColour(Shape):
    """A colour of the brand, in sRGB."""

    id: Slug
    name: Line
    rgb: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class KitPalette(Shape):
    """How much of each picture has to lie near one of the colours, and how near: CIEDE2000 in tenths (10 is just seen)."""

    id: Slug
    colours: Annotated[tuple[KitColour, ...], Field(min_length=1, max_length=24)]
    delta_e_tenths_max: Annotated[int, Field(strict=True, ge=10, le=500)] = 100
    share_permille_min: Permille = 600


class KitLogo(Shape):
    """A logo that is looked for by its local features. Blob: the logo as it is shown, 64 pixels wide at least."""

    id: Slug
    image_sha256: Digest


class KitText(Shape):
    """Words that have to be readable: a disclaimer, a claim's condition. `opening`: from the first second on."""

    id: Slug
    text: Line
    opening: bool = False
    seconds_min: Annotated[int, Field(strict=True, ge=0, le=600)] = 0


class StyleKitAdopted(Body):
    """What a brand's pictures are held against from this entry on. The newest version counts; without criteria it ends."""

    TYPE: ClassVar[str] = "stylekit.adopted.v1"
    kit: Slug
    version: PositiveInt
    palette: KitPalette | None = None
    logos: Annotated[tuple[KitLogo, ...], Field(max_length=6)] = ()
    texts: Annotated[tuple[KitText, ...], Field(max_length=12)] = ()
    reason: Line

    @model_validator(mode="after")
    def _cited_apart(self) -> Self:
        ids = [one.id for one in (*self.logos, *self.texts, *((self.palette,) if self.palette else ()))]
        if len(set(ids)) < len(ids):
            raise ValueError("each criterion of a kit has an id of its own")
        return self

    def tags(self) -> tuple[str, ...]:
        return (CRITERIA_TAG, f"criteria:{self.kit}")

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "kit": "cafe",
                "version": 1,
                "palette": {
                    "id": "palette",
                    "colours": [{"id": "cream", "name": "Cream", "rgb": "#f3e9d8"}],
                    "delta_e_tenths_max": 100,
                    "share_permille_min": 600,
                },
                "logos": [{"id": "cup", "image_sha256": "ef" * 32}],
                "texts": [{"id": "disclaimer", "text": "Serving suggestion", "opening": False, "seconds_min": 2}],
                "reason": "brand book of 2026",
            }
        )
