--- `rille version`, `rille completion`, `rille help`: the command about itself.
local rille = require "rille"
local tools = rille.tools
local errors = tools.errors
local command = require "rille.command"
local database = require "rille.command.database"
local parser = require "rille.command.parser"

-- Asks the server for its version if there is a URL. A server that is down is not an error here.
local function server_of(call)
  local ok, url = pcall(call.url, call)
  local provider = ok and database.provider_of(url)
  if not provider or not provider.server then return nil end
  local asked, version = pcall(function()
    local db = rille.connect { url = url, schema_text = "" }
    local done, rows = pcall(db.query_raw, db, database.of(provider).version)
    db:close()
    return done and rows[1].v or nil
  end)
  return asked and version or nil
end

local function run_version(call)
  local out = call.out
  local found = {
    rille = rille.version,
    lua = rawget(_G, "jit") and rawget(_G, "jit").version or _VERSION:gsub("^Lua ", ""),
    server = server_of(call),
  }
  local shown = { { "rille", found.rille }, { "Lua", found.lua } }
  for _, p in ipairs(tools.providers.list) do
    found[p.library] = p.library_version
    shown[#shown + 1] = { p.library == p.name and p.title or p.library, p.library_version }
  end
  shown[#shown + 1] = { "server", found.server }
  for _, pair in ipairs(shown) do
    if pair[2] then out:line("%-8s %s", pair[1], pair[2]) end
  end
  return found
end

local function run_completion(call)
  local root, shell = call.state.root, call.args.shell
  local script = shell == "bash" and root:get_bash_complete() or shell == "zsh" and root:get_zsh_complete() or root:get_fish_complete()
  call.out:data(script)
  return { shell = shell, script = script }
end

local function run_help(call)
  local path = "rille"
  for _, word in ipairs(call.args.words) do
    local known = call.state.elements
    local near = errors.nearest(path .. " " .. word, known)
    path = path .. " " .. word
    if not known[path] then
      local place = call.state.places[word] or near
      command.usage(("there is no command `%s`%s"):format(path, place and ("; did you mean `%s`?"):format(place) or ""))
    end
  end
  local element = call.state.elements[path]
  if not call.out.json then parser.print_help(element, call.out, path) end
  return { command = path, help = element:get_help() }
end

return {
  {
    name = "version",
    summary = "Versions of rille, Lua, the databases' libraries and the server.",
    examples = { { "rille version" }, { "rille version --json" } },
    run = run_version,
  },
  {
    name = "completion",
    usage = "bash|zsh|fish",
    summary = "Completion for a shell.",
    description = "Prints a script for the shell that completes commands and options.",
    examples = {
      { 'eval "$(rille completion bash)"', "In ~/.bashrc." },
      { "rille completion zsh >~/.zfunc/_rille", "With ~/.zfunc in fpath." },
      { "rille completion fish >~/.config/fish/completions/rille.fish" },
    },
    define = function(p) p:argument "shell":choices { "bash", "zsh", "fish" } end,
    run = run_completion,
  },
  {
    name = "help",
    usage = "[<command>]",
    summary = "Explain a command.",
    examples = { { "rille help" }, { "rille help migrate dev" } },
    define = function(p) p:argument("words", "The command."):args "*":argname "<command>" end,
    run = run_help,
  },
}
