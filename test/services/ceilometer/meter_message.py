"""A meter message without its signature, as the sample that Ceilometer makes one of."""
from ceilometer import sample


def sample_of(message):
    return sample.Sample(
        name=message['counter_name'],
        type=message['counter_type'],
        unit=message['counter_unit'],
        volume=message['counter_volume'],
        user_id=message['user_id'],
        user_name=message['user_name'],
        project_id=message['project_id'],
        project_name=message['project_name'],
        resource_id=message['resource_id'],
        timestamp=message['timestamp'],
        resource_metadata=message['resource_metadata'],
        source=message['source'],
        id=message['message_id'],
        monotonic_time=message['monotonic_time'],
    )
