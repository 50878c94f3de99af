"""Stage 8, the gate and the tag: a tested commit is tagged, with its evidence, only while the gate is open.

Reading a repository executes nothing that it configures; hooks, filters and signing work where a user asked for a tag
or a push.
"""

from jupyter_deployfeedback.release.commit import known_release, may_lack_tags, read_commit, release_tags
from jupyter_deployfeedback.release.gate import grant_waiver
from jupyter_deployfeedback.release.tag import push_release, tag_release
from jupyter_deployfeedback.release.trust import trust_filters

__all__ = [
    "grant_waiver",
    "known_release",
    "may_lack_tags",
    "push_release",
    "read_commit",
    "release_tags",
    "tag_release",
    "trust_filters",
]
