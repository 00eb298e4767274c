"""Types that stand together: what is said of rights, licences and what may not be generated. Rules and the trail read them;
a view that ignores one of them ignores them all.
"""

from __future__ import annotations

from typing import Final

OF_RIGHTS: Final[frozenset[str]] = frozenset(
    {
        "clearance.upheld.v1",
        "right.recorded.v1",
        "right.transferred.v1",
        "asset.right-used.v1",
        "licence.granted.v1",
        "licence.ended.v1",
        "licence.expired.v1",
        "guardrail.entry-added.v1",
        "guardrail.entry-lifted.v1",
        "guardrail.screened.v1",
        "guardrail.matched.v1",
        "guardrail.swept.v1",
        "rightsreview.opened.v1",
        "rightsreview.decided.v1",
        "generation.moderated.v1",
        "contract.term-recorded.v1",
        "contract.reevaluated.v1",
        "registry.answered.v1",
    }
)
