"""What a provider's own record says of a file: the job that a user kept when the provider itself had gone."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PlainSerializer, StringConstraints

from schemas.base import ActorId, Body, Digest, Instant, Line, Sealed, Slug

RECORD_CHARS_MAX = 32_000  # a Video job is under 10,000 with the longest prompt
NOTES_CHARS_MAX = 64_000  # a notebook of takes beside one clip; longer ones are not prompt notes

JobId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]
Day = Annotated[date, PlainSerializer(date.isoformat, return_type=str), Field(json_schema_extra={"format": "date"})]
Pairing = Literal["job_in_name", "same_name", "only_pair"]
"""How file and job were found to belong together: its number in the file's name; one name for both; alone in a folder."""


class ProviderRecordImported(Body):
    """A kept job record is tied to a file. Every word of it is the provider's; that it is about this file is the importer's.

    The record verbatim and the notes beside it are prompts, so they are sealed under `sealed_under`: a person in the clip, or a
    name of the job's own. Erasing that name destroys them and leaves the commitment.
    """

    TYPE: ClassVar[str] = "provider.record-imported.v1"
    asset: Digest
    provider: Slug
    job: JobId
    status: Slug
    model: Line
    seconds: Line | None = None
    size: Line | None = None
    created_at: Instant
    completed_at: Instant | None = None
    expires_at: Instant | None = None
    remixed_from: JobId | None = None
    paired_by: Pairing
    downloaded_on: Day | None = None
    downloaded_by: Literal["note", "file_time"] | None = None
    """Where the day comes from: somebody wrote it down, or it is the file's own time, which copying may have changed."""
    sealed_under: ActorId
    record: Sealed[Annotated[str, StringConstraints(min_length=2, max_length=RECORD_CHARS_MAX)]]
    notes: Sealed[Annotated[str, StringConstraints(min_length=1, max_length=NOTES_CHARS_MAX)]]

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}", f"person:{self.sealed_under}")

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "asset": "11" * 32,
                "provider": "sora-legacy",
                "job": "video_68f0a1",
                "status": "completed",
                "model": "sora-2",
                "seconds": "8",
                "size": "1280x720",
                "created_at": "2025-10-09T08:53:20Z",
                "completed_at": "2025-10-09T08:54:50Z",
                "expires_at": "2025-10-09T09:53:20Z",
                "paired_by": "job_in_name",
                "downloaded_on": "2025-10-09",
                "downloaded_by": "note",
                "sealed_under": "p-7f3a",
            }
        )

    @classmethod
    def example_sealed(cls) -> dict[str, Any]:
        return {"/body/record": '{"id":"video_68f0a1","object":"video","prompt":"A woman lifts a cup."}'}
