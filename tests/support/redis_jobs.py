"""What waits in Redis."""

from redis import Redis

from worker.queue import QueueName, job_of, open_queue


def queued_jobs(redis: Redis, name: QueueName) -> list[tuple[str, int]]:
    """The job and the row of each that waits in the queue *name*, the next one first."""
    return [found for found in map(job_of, open_queue(redis, name).job_ids) if found]
