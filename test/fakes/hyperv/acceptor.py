"""
The service's side of Kerberos, in MIT's library by way of pyspnego: a line of JSON in, a line of JSON out; tokens are base64.
  {"token"} -> {"token", "user"}, or {"error"}
Bare tickets and SPNEGO, without channel bindings. KRB5_CONFIG and KRB5_KTNAME say the rest.
"""
import base64
import json
import sys

import spnego

SPNEGO_OID = bytes.fromhex("06062b0601050502")


def answer(request):
    token = base64.b64decode(request["token"])
    protocol = "negotiate" if SPNEGO_OID in token[:20] else "kerberos"
    context = spnego.server(hostname="localhost", service="HTTP", protocol=protocol)
    back = context.step(token)
    if not context.complete:
        return {"error": "one token is not enough"}
    return {"token": base64.b64encode(back or b"").decode(), "user": str(context.client_principal)}


for line in sys.stdin:
    try:
        told = answer(json.loads(line))
    except Exception as error:
        told = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(told), flush=True)
