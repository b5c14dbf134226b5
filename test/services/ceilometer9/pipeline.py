"""What Ceilometer 9.0.7 says of pipelines. Each line of input is answered with a line:

  {"pipeline": "text of a pipeline.yaml"}        null, or why its PipelineManager refuses it
  {"meters": [patterns], "names": [meters]}      for each meter whether a source of these patterns has it; or why the
                                                 patterns are refused
  {"file": "pipeline.yaml"}                      the text of that file as the package brings it
"""
import json
import logging
import os
import sys
import tempfile
import warnings

warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)

import pkg_resources  # noqa: E402
from stevedore import extension  # noqa: E402

from ceilometer import pipeline  # noqa: E402

TRANSFORMERS = extension.ExtensionManager('ceilometer.transformer')


class Publishers(object):
    """Publishers that open nothing; one that cannot be loaded costs no pipeline."""

    def __init__(self, conf, purpose):
        pass

    def get(self, url):
        return url


pipeline.PublisherManager = Publishers


def refusal(text):
    with tempfile.NamedTemporaryFile('w', suffix='.yaml', delete=False) as kept:
        kept.write(text)
    try:
        pipeline.PipelineManager(None, kept.name, TRANSFORMERS)
        return None
    except Exception as error:
        return '%s: %s' % (type(error).__name__, getattr(error, 'msg', error))
    finally:
        os.unlink(kept.name)


def supported(meters, names):
    try:
        source = pipeline.SampleSource({'name': 'source', 'meters': meters, 'sinks': ['sink']})
    except Exception as error:
        return '%s: %s' % (type(error).__name__, getattr(error, 'msg', error))
    return [source.support_meter(name) for name in names]


def shipped(name):
    return pkg_resources.resource_string('ceilometer', 'pipeline/data/' + name).decode('utf-8')


for line in sys.stdin:
    request = json.loads(line)
    if 'pipeline' in request:
        answer = refusal(request['pipeline'])
    elif 'meters' in request:
        answer = supported(request['meters'], request['names'])
    else:
        answer = shipped(request['file'])
    print(json.dumps(answer), flush=True)
