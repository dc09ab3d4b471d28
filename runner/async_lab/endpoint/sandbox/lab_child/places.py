"""Where Lambda has what an execution environment sees."""

TASK_ROOT, LAYERS, TEMPORARY = "/var/task", "/opt", "/tmp"  # noqa: S108 -- names
LANGUAGE, RUNTIME = "/var/lang", "/var/runtime"
