"""Plays a session with XenServer's own SDK and prints what it saw: session.py URL MEMBER_URL"""
import json
import sys
import time

import XenAPI

url, member = sys.argv[1:]
seen = {}


def failure(act):
    try:
        act()
    except XenAPI.Failure as error:
        return error.details


seen["slave"] = failure(lambda: XenAPI.Session(member, ignore_ssl=True).login_with_password("root", "secret", "2.21", "test"))
seen["wrong"] = failure(lambda: XenAPI.Session(url, ignore_ssl=True).login_with_password("root", "wrong", "2.21", "test"))

session = XenAPI.Session(url, ignore_ssl=True)
session.login_with_password("root", "secret", "2.21", "test")
x = session.xenapi
events = getattr(x.event, "from")

seen["api"] = session.API_version
seen["names"] = sorted(vm["name_label"] for vm in x.VM.get_all_records().values() if not vm["is_control_domain"])
vm = x.VM.get_by_name_label("guest-1")[0]
record = x.VM.get_record(vm)
seen["record"] = {k: record[k] for k in ("uuid", "power_state", "VCPUs_max", "is_a_template", "other_config", "tags")}
seen["host"] = x.host.get_name_label(record["resident_on"])
seen["mac"] = x.VIF.get_MAC(record["VIFs"][0])
seen["start_time"] = str(x.VM_metrics.get_start_time(record["metrics"]))
seen["servertime"] = str(x.host.get_servertime(record["resident_on"]))
seen["unknown"] = failure(lambda: x.VM.get_record("OpaqueRef:none"))
seen["method"] = failure(lambda: x.VM.get_nonsense(vm))

first = events(["VM", "host"], "", 10.0)
seen["first"] = sorted({event["class"] for event in first["events"]}), {event["operation"] for event in first["events"]} == {"add"}
seen["counts"] = first["valid_ref_counts"]["vm"], first["valid_ref_counts"]["host"]
x.VM.set_name_label(vm, "renamed <&> déjà")
second = events(["VM"], first["token"], 10.0)
seen["second"] = [(event["class"], event["operation"], event["ref"] == vm, event["snapshot"]["name_label"]) for event in second["events"]]
began = time.monotonic()
third = events(["VM"], second["token"], 0.5)
seen["third"] = len(third["events"]), third["token"] == second["token"], 0.4 < time.monotonic() - began < 5
seen["token"] = failure(lambda: events(["VM"], "nonsense", 1.0))
session.xenapi.session.logout()
print(json.dumps(seen))
