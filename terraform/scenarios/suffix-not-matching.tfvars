title       = "Some never arrive: the filter of the bucket leaves them out"
description = "Six objects are put into a bucket that tells the function of keys ending in .jpg. Half of them end in .JPG."
look_at     = "AsyncEventsReceived, half of what was sent. Nothing else is unusual: what a filter leaves out is no error, and no metric of the function's counts it."

behavior        = { action = "succeed" }
trigger         = { service = "s3", suffix = ".jpg", endings = [".jpg", ".JPG"] }
events          = { count = 6, interval_seconds = 5 }
observe_seconds = 60

expectations = [
  { metric = "AsyncEventsReceived", equals = 3 },
  { metric = "Invocations", equals = 3 },
  { metric = "AsyncEventsDropped", equals = 0 },
  { metric = "Errors", equals = 0 },
]
