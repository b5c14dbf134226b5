"""Drives a WS-Man server with pywinrm and prints what it saw: session.py URL CLASS [ntlm|kerberos]"""
import json
import sys
import xml.etree.ElementTree as ET

from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError
from winrm.protocol import Protocol

url, name = sys.argv[1:3]
transport = (sys.argv[3:] or ["ntlm"])[0]
S = "http://www.w3.org/2003/05/soap-envelope"
N = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
W = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"


def protocol(password="secret", encryption="auto"):
    return Protocol(
        endpoint=url,
        transport=transport,
        username="EXAMPLE\\meter" if transport == "ntlm" else "meter@EXAMPLE.ORG",
        password=password,
        server_cert_validation="ignore",
        message_encryption=encryption,
    )


def envelope(action, body):
    return f"""<s:Envelope xmlns:s="{S}" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:n="{N}" xmlns:w="{W}">
<s:Header><a:To>{url}</a:To>
<a:Action s:mustUnderstand="true">{N}/{action}</a:Action>
<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>
<a:MessageID>uuid:11111111-2222-3333-4444-555555555555</a:MessageID>
<w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/*</w:ResourceURI>
<w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>
<w:OperationTimeout>PT20S</w:OperationTimeout><w:Locale xml:lang="en-US" s:mustUnderstand="false"/>
</s:Header><s:Body>{body}</s:Body></s:Envelope>"""


def failure(act):
    try:
        act()
    except InvalidCredentialsError:
        return "refused"
    except WSManFaultError as error:
        return [error.fault_subcode, error.wsman_fault_code]
    except WinRMTransportError as error:
        return error.code


def rows(root):
    return [
        {element.tag.split("}")[-1]: element.text for element in fragment}
        for fragment in root.iter(f"{{{W}}}XmlFragment")
    ]


seen = {}
if transport == "ntlm":
    seen["wrong"] = failure(lambda: protocol("wrong").send_message("x"))
if url.startswith("http:"):
    seen["plain"] = failure(lambda: protocol(encryption="never").send_message("x"))
client = protocol()


def ask(action, body):
    return ET.fromstring(client.send_message(envelope(action, body)))


identify = f'<s:Envelope xmlns:s="{S}"><s:Header/><s:Body><i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>'
seen["vendor"] = [e.text for e in ET.fromstring(client.send_message(identify)).iter() if e.tag.endswith("ProductVendor")]
wql = f"select Name, PercentTotalRunTime, Timestamp_Sys100NS from {name}"
start = f'<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>3</w:MaxElements><w:Filter Dialect="http://schemas.microsoft.com/wbem/wsman/1/WQL">{wql}</w:Filter></n:Enumerate>'


def pull(context):
    return ask("Pull", f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext><n:MaxElements>3</n:MaxElements></n:Pull>")


root = ask("Enumerate", start)
seen["rows"] = rows(root)
while not any(element.tag.endswith("}EndOfSequence") for element in root.iter()):
    context = next(root.iter(f"{{{N}}}EnumerationContext")).text
    root = pull(context)
    seen["rows"] += rows(root)
seen["gone"] = failure(lambda: pull(context))
context = next(ask("Enumerate", start).iter(f"{{{N}}}EnumerationContext")).text
ask("Release", f"<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>")
seen["released"] = failure(lambda: pull(context))
print(json.dumps(seen))
