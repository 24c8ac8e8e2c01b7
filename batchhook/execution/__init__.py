"""Running a project's tests in supervised processes; every report is validated.

``runner`` runs a suite. One of Python's frameworks runs in one or more ``session``s over a ``pool`` of ``worker``
processes under the project's own Python; ``protocol`` defines their messages. A command runs once, and ``command_run``
reads what it reports. ``parts`` makes one result of several suites.
"""
