"""What Windows shows under "Details" of the programs' properties."""

from __future__ import annotations

from typing import Any


def resource(name: str, version: str) -> Any:
    """For PyInstaller's `version` of one program."""
    from PyInstaller.utils.win32.versioninfo import (
        FixedFileInfo,
        StringFileInfo,
        StringStruct,
        StringTable,
        VarFileInfo,
        VarStruct,
        VSVersionInfo,
    )

    numbers = (*map(int, version.split(".")), 0)
    told = {
        "CompanyName": "Deskbell",
        "FileDescription": "Deskbell",
        "FileVersion": version,
        "InternalName": name,
        "LegalCopyright": "MIT licence",
        "OriginalFilename": f"{name}.exe",
        "ProductName": "Deskbell",
        "ProductVersion": version,
    }
    english, unicode = 0x0409, 1200
    table = StringTable(f"{english:04X}{unicode:04X}", [StringStruct(*pair) for pair in told.items()])
    return VSVersionInfo(
        ffi=FixedFileInfo(filevers=numbers, prodvers=numbers, mask=0x3F, flags=0, OS=0x40004, fileType=1, subtype=0),
        kids=[StringFileInfo([table]), VarFileInfo([VarStruct("Translation", [english, unicode])])],
    )
