"""The story of a run, from project file to tag: the only room that knows the order of the stages.

``plan`` says what a run will do, ``run`` acknowledges, evaluates and judges it, ``release`` tags it. ``chain`` is what
came before a run, ``history`` what the report tells of that, ``forecast`` what the planned examples can settle. The
doors (command line, server, magics) call these and nothing below them.
"""
