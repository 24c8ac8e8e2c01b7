"""Running a project's tests in supervised processes under the project's own Python; every report is validated.

``runner`` runs a suite, in one or more ``session``s over a ``pool`` of ``worker`` processes; ``protocol`` defines their
messages. Specific to unittest are the ids of fixtures and failed imports (``core.unittest_ids``, ``scheduling``,
``locate_tests``), the start folder and pattern of ``spec``, and ``engines/unittest``; the rest serves any engine with a
harness, and ``supervised_command`` serves any command.
"""
