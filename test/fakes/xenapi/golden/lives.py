# Scripts of lives for xapi's own RRD code.
import random
random.seed(7)
DS="cpu0:DERIVE:0:1 vif_0_rx:DERIVE:0:inf memory:GAUGE:0:inf vbd_xvda_iops_read:ABSOLUTE:0:inf"
def life(name, t0, n, minmax="false", jitter=0.0, phase_change=None, events={}, exports=(), add=None):
    out=["create %r %s %s"%(t0,minmax,DS)]
    cpu=0.0; rx=0; extra=False; t=t0
    for k in range(1,n):
        t = t0+5*k+ (random.uniform(-jitter,jitter) if jitter else 0)
        t = round(t,6)
        e=events.get(k,"")
        fresh="false"
        rate=random.choice([0.1,0.25,0.5,0.9,0.999])
        if e.startswith("over"): rate=float(e[4:])
        if e=="reboot": cpu=0.0; rx=0; fresh="true"
        if e=="gap": continue
        if e=="back": rx=0
        cpu+=5*rate; rx+=random.randrange(0,200000000)
        vals={"cpu0":repr(cpu),"vif_0_rx":"i%d"%rx,"memory":"i%d"%(random.randrange(1<<28,1<<33)),"vbd_xvda_iops_read":"i%d"%random.randrange(0,5000)}
        if e=="unknown": vals={x:"U" for x in vals}
        if e=="nomem": vals["memory"]="U"
        if e.startswith("transfer"): out.append("transfer"); cpu=1.25; rx=1000
        if e=="transfer fresh": fresh="true"
        if e=="add": out.append("add %r vif_1_rx:DERIVE:0:inf"%t); extra=True
        if extra: vals["vif_1_rx"]="i%d"%(rx*3)
        out.append("update %r %s %s"%(t,fresh," ".join("%s=%s"%(a,b) for a,b in vals.items())))
    out += list(exports)
    open("%s.txt"%name,"w").write("\n".join(out)+"\n")
j=["export -90 5 AVERAGE json","export -650 60 AVERAGE json"]
life("plain",1773000002.3,180,exports=j+["export -90 5 AVERAGE xml","dump"])
life("on-the-grid",1773000000.0,150,exports=j)
life("jitter",1773000004.2,150,jitter=0.4,exports=j)
life("crossing",1773000004.95,150,jitter=0.2,exports=j)
life("over-the-maximum",1773000001.0,150,events={**{k:"over1.04" for k in range(30,50)},**{k:"over1.3" for k in range(60,66)},**{k:"over1.2" for k in range(100,115)}},exports=["export -700 5 AVERAGE json","export -650 60 AVERAGE json"])
life("counter-back",1773000003.5,120,events={20:"back",60:"back",61:"back"},exports=["export -600 5 AVERAGE json","export -650 60 AVERAGE json"])
life("reboot",1773000003.5,120,events={50:"reboot"},exports=["export -600 5 AVERAGE json","export -650 60 AVERAGE json"])
life("unknown-samples",1773000003.5,120,events={20:"unknown",40:"unknown",41:"unknown",**{k:"unknown" for k in range(60,68)},90:"nomem",91:"nomem"},exports=["export -600 5 AVERAGE json","export -650 60 AVERAGE json"])
life("unknown-on-the-grid",1773000000.0,120,events={20:"unknown",40:"unknown",41:"unknown",**{k:"unknown" for k in range(60,68)},**{k:"unknown" for k in range(75,79)}},exports=["export -600 5 AVERAGE json","export -650 60 AVERAGE json"])
life("short-gap",1773000003.5,120,events={k:"gap" for k in range(30,50)},exports=["export -600 5 AVERAGE json","export -650 60 AVERAGE json"])
life("long-gap",1773000003.5,200,events={k:"gap" for k in range(30,100)},exports=["export -950 5 AVERAGE json","export -950 60 AVERAGE json"])
life("source-added",1773000003.5,120,events={50:"add"},exports=["export -600 5 AVERAGE json","export -650 60 AVERAGE json"])
life("min-and-max",1773000003.5,120,minmax="true",events={20:"unknown",**{k:"unknown" for k in range(60,80)}},exports=["export -600 5 MAX json","export -650 60 MIN json","export -650 60 - json","export 1 60 AVERAGE json"])
life("coarser",1773000003.5,1500,exports=["export -7400 60 AVERAGE json","export 1772990000 5 AVERAGE json","export -100 3600 AVERAGE json","export -7000 7 AVERAGE json","export -30 86400 AVERAGE json", "export -30 0 AVERAGE json"])
life("transfer",1773000003.5,120,events={50:"transfer",60:"unknown",61:"transfer",80:"transfer fresh"},exports=["export -600 5 AVERAGE json","export -650 60 AVERAGE json"])
life("restart",1773000003.5,120,events={**{k:"gap" for k in range(30,60)},60:"transfer"},exports=["export -600 5 AVERAGE json","export -650 60 AVERAGE json"])
