"""What the demo prints when it is ready."""

from pathlib import Path
from typing import Any


def greet(demo: dict[str, Any], data: Path) -> str:
    """Word the addresses and logins, Chinese and English."""
    base, device = demo["base_url"], demo["device"]
    lines = [
        "",
        "  派警演示 · Dispatch demo: ready",
        f"  开始页 start page    {base}/",
        f"  一键呼叫 one key     {base}/call#device={device['id']}&key={device['token']}",
    ]
    lines += [f"  {console['name']:<14}{base}/unit#key={console['token']}" for console in demo["consoles"][:4]]
    desk = next(login for login in demo["logins"] if login["role"] == "operator")
    lines += [
        f"  指挥席 desk          {base}/desk   {desk['name']} / {desk['password']}",
        f"  keys and logins      {data / 'demo.json'}",
        f"  停机应急包 kit        {data / 'kit' / 'current' / 'open.html'}   (renewed every minute)",
        f"  规则 rules            DATABASE_URL='{demo['database_url']}' dispatch rules list",
        "  The city is real by its codes and names; units, places and people are fictional. Stop with Ctrl-C.",
        "",
    ]
    return "\n".join(lines)
