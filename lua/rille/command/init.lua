--- The `rille` command: parses its arguments, runs one command, shows the result; docs/command.md describes it.
local output = require "rille.command.output"

local command = {}

local GROUPS = { "project", "schema", "migrate", "cache", "db", "console", "doctor", "shell" }

local function has_flag(argv, flag)
  for _, word in ipairs(argv) do
    if word == "--" then return false end
    if word == flag then return true end
  end
  return false
end

local function load_parser()
  local found, parser = pcall(require, "rille.command.parser")
  if found then return parser end
  if not tostring(parser):find("module 'argparse' not found", 1, true) then error(parser, 0) end
  local version = _VERSION:match "%d+%.%d+"
  io.stderr:write(("rille: the command needs the Lua module argparse, which Lua %s does not find; install it with `apt install lua-argparse`"):format(version),
    (" or `luarocks --lua-version=%s install argparse`\n"):format(version))
  return nil
end

local function specs()
  local list = {}
  for _, group in ipairs(GROUPS) do
    for _, spec in ipairs(require("rille.command." .. group)) do list[#list + 1] = spec end
  end
  return list
end

local function wrong_usage(out, state, message)
  if out.json then
    out:finish { ok = false, error = { code = "USAGE", message = message, kind = "validation" } }
  else
    io.stderr:write(out:paint("red", "error:", io.stderr), " ", message, "\n`", state.path, " --help` lists the commands and options.\n")
  end
  return 2
end

--- Ends a command as wrong usage: exit code 2.
---@param message string
function command.usage(message) error({ usage = message }, 0) end

local function with_trace(e)
  if type(e) == "string" and os.getenv "RILLE_DEBUG" then return debug.traceback(e, 2) end
  return e
end

local function perform(out, state, args)
  local faults = require "rille.command.faults"
  local Call = require "rille.command.call"
  local call = Call.new(args, out)
  call.state = state
  out:keep_stdout()
  local ok, result, status = xpcall(function()
    local found, code = state.spec.run(call)
    out:finish(found)
    return found, code
  end, with_trace)
  if ok then return status or 0 end
  if type(result) == "table" and result.usage then return wrong_usage(out, state, result.usage) end
  local e, code = faults.normal(result)
  faults.show(out, e)
  return code or 1
end

--- Runs the command with its arguments and returns the exit code: 0 done, 1 error, 2 wrong usage.
---@param argv string[]
---@return integer
function command.run(argv)
  local parser = load_parser()
  if not parser then return 1 end
  local out = output.new { json = has_flag(argv, "--json"), no_color = has_flag(argv, "--no-color") }
  local root, state = parser.build(specs(), out)
  local words = {}
  for i = 1, #argv do words[i] = argv[i] end
  state.path = parser.path(words, state)
  local ok, args = root:pparse(words)
  if not ok then return wrong_usage(out, state, parser.explain(args, state)) end
  if not state.spec then
    parser.print_help(root, out, "rille")
    return 0
  end
  if not state.spec.run then
    parser.print_help(state.element, out, state.path)
    return 0
  end
  return perform(out, state, parser.settle(args, state.path))
end

return command
