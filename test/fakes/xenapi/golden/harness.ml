(* lines: create TS MINMAX name:type:min:max... | update TS name=val... | add TS name:type:min:max | export START INTERVAL CF json|xml | dump *)
open Rrd
let split c s = List.filter (fun x -> x <> "") (String.split_on_char c s)
let ty = function "DERIVE" -> Derive | "GAUGE" -> Gauge | "ABSOLUTE" -> Absolute | _ -> failwith "ty"
let ds s = match String.split_on_char ':' s with
 | [n;t;mi;ma] -> ds_create n (ty t) ~mrhb:300.0 ~min:(float_of_string mi) ~max:(float_of_string ma) VT_Unknown
 | _ -> failwith "ds"
let value v = if v = "U" then VT_Unknown else if v.[0]='i' then VT_Int64 (Int64.of_string (String.sub v 1 (String.length v - 1))) else VT_Float (float_of_string v)
let ts = [ (120,1); (120,12); (168,720); (366,17280) ]
let rras mm = Array.of_list (List.concat_map (fun (n,ns) -> if ns > 1 && mm then [rra_create CF_Average n ns 1.0; rra_create CF_Min n ns 1.0; rra_create CF_Max n ns 1.0] else [rra_create CF_Average n ns 0.5]) ts)
let () =
  let cur = ref None in
  let get () = Option.get !cur in
  try while true do
    match split ' ' (input_line stdin) with
    | "create" :: t :: mm :: dss -> cur := Some (rrd_create (Array.of_list (List.map ds dss)) (rras (mm = "true")) 5L (float_of_string t))
    | "update" :: t :: nf :: vals ->
      let m = List.fold_left (fun m v -> match String.split_on_char '=' v with [n;x] -> StringMap.add n {value=value x; transform=Identity} m | _ -> failwith "v") StringMap.empty vals in
      ds_update_named (get ()) ~new_rrd:(nf = "true") (float_of_string t) m
    | ["add"; t; d] -> cur := Some (rrd_add_ds (get ()) (float_of_string t) (ds d))
    | ["export"; s; i; cf; j] -> print_endline (Rrd_updates.export ~json:(j="json") ["vm:u:", get ()] (Int64.of_string s) (Int64.of_string i) (if cf = "-" then None else Some (cf_type_of_string cf)))
    | ["transfer"] -> let b = Buffer.create 1000 in xml_to_output true (get ()) (Xmlm.make_output (`Buffer b)); cur := Some (from_xml (Xmlm.make_input ~strip:true (`String (0, Buffer.contents b))))
    | ["dump"] -> let b = Buffer.create 1000 in xml_to_output false (get ()) (Xmlm.make_output (`Buffer b)); print_endline (String.concat "" (String.split_on_char '\n' (Buffer.contents b)))
    | [] -> ()
    | _ -> failwith "line"
  done with End_of_file -> ()
