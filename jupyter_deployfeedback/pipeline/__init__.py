"""The story of a run, from project file to tag: the only room that knows the order of the stages.

``plan`` says what a run will do, ``run`` acknowledges it and gives it its feedback, from ``evidence`` (what was seen)
and ``judging`` (what that says); ``release`` tags it. ``chain`` is what came before a run, ``history`` what the report
tells of that, ``forecast`` what the planned examples can settle; ``imported`` runs were seen by AICoE-CI. Doors ask
``questions``, call these, and nothing below them.
"""
