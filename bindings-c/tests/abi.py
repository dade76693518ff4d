#!/usr/bin/env python3
"""Prints what programs are compiled against: constants, structs with the places of their fields,
and functions, as the header has them and the compiler lays them out.

    abi.py include/wspair.h cc > abi.txt

A change of abi.txt breaks programs that were compiled before, unless it only adds. Until 1.0 it
takes a new minor version, and with it a new soname.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path


def declarations(header):
    """Constants, structs and functions of a header without its comments."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    constants = re.findall(r"^\s*(?:enum \{ )?(WSPAIR_\w+) = ", text, flags=re.M)
    structs = {}
    for name, body in re.findall(r"typedef struct (wspair_\w+) \{(.*?)\}", text, flags=re.S):
        structs[name] = [field_name(field) for field in body.split(";") if field.strip()]
    functions = re.findall(r"^((?:const )?\w[\w ]*?[ *]+wspair_\w+\([^)]*\))", text, flags=re.M)
    return constants, structs, [" ".join(function.split()) for function in functions]


def field_name(declaration):
    pointer = re.search(r"\(\*(\w+)\)", declaration)
    return (pointer or re.search(r"(\w+)(?:\[[^]]*\])?\s*$", declaration)).group(1)


def layout(header, compiler, constants, structs):
    """What the compiler makes of them, as lines."""
    lines = [f'printf("{name} = %lld\\n", (long long){name});' for name in constants]
    lines += ['printf("WSPAIR_NEVER = %llu\\n", (unsigned long long)WSPAIR_NEVER);']
    for name, fields in structs.items():
        lines.append(f'printf("struct {name}: %zu bytes\\n", sizeof(struct {name}));')
        for field in fields:
            place = f"offsetof(struct {name}, {field}), sizeof(((struct {name} *)0)->{field})"
            lines.append(f'printf("  {field}: at %zu, %zu bytes\\n", {place});')
    program = f'#include "{header}"\n#include <stdio.h>\nint main(void) {{\n'
    program += "\n".join(lines) + "\nreturn 0; }\n"
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "abi.c"), Path(folder, "abi")
        source.write_text(program)
        subprocess.run([compiler, "-o", binary, source], check=True)
        return subprocess.run([binary], check=True, capture_output=True, text=True).stdout


header = Path(sys.argv[1]).resolve()
constants, structs, functions = declarations(header.read_text())
print(layout(header, sys.argv[2], constants, structs), end="")
print("\n".join(functions))
