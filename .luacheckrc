-- One source runs on Lua 5.1, LuaJIT, 5.3 and 5.4, so the union of their standard names is allowed.
std = "max"
max_line_length = 160
exclude_files = { "build" }
files["spec/**/*_spec.lua"] = { std = "max+busted" }
files["rockspec"] = { std = "max+rockspec" }
