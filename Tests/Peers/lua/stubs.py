"""The stubs for editors, judged by luacheck and by the modules themselves: a description of all names is made of the stubs alone, every example must pass under it,
and every name that a module has must be in it.

    python stubs.py LOAM        (luacheck: Debian's lua-check)
"""
import pathlib, re, shutil, subprocess, sys, tempfile

LOAM = str(pathlib.Path(sys.argv[1]).resolve())
if not shutil.which("luacheck"):
    print("luacheck is not installed (lua-check): stubs were not judged")
    sys.exit(0)

with tempfile.TemporaryDirectory() as place:
    folder = pathlib.Path(place)
    subprocess.run([LOAM, "reference", folder / "stubs"], check=True, capture_output=True)
    modules, examples = {}, 0
    (folder / "examples").mkdir()
    for path in sorted((folder / "stubs").rglob("*.lua")):
        text = path.read_text()
        name = re.match(r"---@meta loam\.(\w+)", text)
        if not name:
            continue
        name = name.group(1)
        head = re.search(r"---@class loam\.%s\n((?:---@field .*\n)*)local %s = \{\}" % (name, name), text)
        modules[name] = set(re.findall(r"^function %s\.(\w+)\(" % name, text, re.M)) | set(re.findall(r"---@field (\w+)", head.group(1) if head else ""))
        for block in re.findall(r"---```lua\n((?:---.*\n)*?)---```", text):
            lines = [line[3:].removeprefix(" ") for line in block.splitlines()]
            (folder / "examples" / f"{name}_{examples}.lua").write_text("\n".join(line for line in lines if not line.startswith("-->")) + "\n")
            examples += 1
    fields = ", ".join("%s = {fields = {%s}}" % (module, ", ".join(f"{name} = {{}}" for name in sorted(names))) for module, names in sorted(modules.items()))
    (folder / ".luacheckrc").write_text(f"stds.loam = {{read_globals = {{loam = {{other_fields = true}}, help = {{}}, {fields}}}}}\nstd = \"lua54+loam\"\nonly = {{\"1\"}}\nallow_defined_top = true\n")
    judged = subprocess.run(["luacheck", "--no-color", "-q", "examples"], cwd=folder, capture_output=True, text=True)
    print(judged.stdout if judged.returncode else "", end="")
    (folder / "names.lua").write_text('local loam = require "loam"\nfor _, module in ipairs{...} do for name in pairs(loam[module]) do print(module, name) end end\n')
    live = subprocess.run([LOAM, "names.lua", *modules], cwd=folder, capture_output=True, text=True, check=True).stdout
    missing = [line for line in live.splitlines() if line.split("\t")[1] not in modules[line.split("\t")[0]]]
    print(f"stubs: {examples} examples of {len(modules)} modules, {sum(map(len, modules.values()))} names, missing: {missing or 'none'}")
    sys.exit(judged.returncode != 0 or bool(missing))
