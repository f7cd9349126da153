"""Suites that measure the agent. Knows all other parts; none of them knows this one."""

from skillweave.evals.judge import same
from skillweave.evals.workbench import Report, Task, TaskReport, load_tasks, run_workbench

__all__ = ["Report", "Task", "TaskReport", "load_tasks", "run_workbench", "same"]
