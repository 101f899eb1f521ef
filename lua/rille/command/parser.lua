--- Builds the argument parser and the help from the descriptions of the commands.
local argparse = require "argparse"
local database = require "rille.command.database"

local parser = {}

local WIDTH = 80 -- of the narrowest terminal

local EXIT_CODES = "Exit codes: 0 done, 1 error, 2 wrong usage."

local function print_help(element, out, path)
  local text = element:get_help()
  if out.json then return pcall(out.finish, out, { command = path, help = text }) end
  text = ("\n" .. text):gsub("\n(%u[%w ]-:)", function(title) return "\n" .. out:paint("bold", title) end):sub(2)
  pcall(out.data, out, text)
end
parser.print_help = print_help

-- Options of every command. A group of commands and the command itself store them separately; otherwise the later would overwrite the earlier.
local function add_common(element, state, full)
  local help = element:flag "-h --help"
    :description "Show this help and stop."
    :action(function()
      print_help(element, state.out, full)
      os.exit(0, true)
    end)
  element:group("Everywhere",
    element:option "--schema":target("schema of " .. full):argname "<path>"
      :description "Schema file or folder; by default ./schema.prisma, ./prisma/schema.prisma or ./prisma/schema/.",
    element:option "--url":target("url of " .. full):argname "<url>"
      :description "Database URL; by default that of the schema, or DATABASE_URL of the environment, .env.local or .env.",
    element:flag "--json":description "Write one JSON document to stdout, for errors too.",
    element:flag "--no-color":target "no_color":description "No colours; NO_COLOR in the environment does the same.",
    help)
end

local function examples_of(spec)
  local lines = {}
  for _, example in ipairs(spec.examples or {}) do
    lines[#lines + 1] = "   " .. example[1]
    if example[2] then lines[#lines + 1] = "      " .. example[2] end
  end
  return #lines > 0 and "Examples:\n" .. table.concat(lines, "\n") .. "\n\n" or ""
end

-- The command's own options are a group, so that they come before the common options.
local function define(element, spec)
  local own = {}
  local recorder = setmetatable({}, { __index = function(_, kind)
    return function(_, ...)
      local made = element[kind](element, ...)
      if kind == "option" or kind == "flag" then own[#own + 1] = made end
      return made
    end
  end })
  if spec.define then spec.define(recorder) end
  if #own > 0 then element:group("Options", (table.unpack or unpack)(own)) end
end

local function decorate(element, spec, state, full)
  element:usage(("Usage: %s %s"):format(full, spec.usage or (spec.commands and "<command> [options]" or "[options]")))
  element:add_help(false)
  element:help_max_width(WIDTH):help_description_margin(30):usage_max_width(WIDTH)
  element:description(spec.description or spec.summary)
  add_common(element, state, full)
  element:epilog(examples_of(spec) .. (spec.exit_codes and "Exit codes: " .. spec.exit_codes or EXIT_CODES))
end

local function add_command(parent, spec, state, path)
  local element = parent:command(spec.name):summary(spec.summary)
  local full = path .. " " .. spec.name
  element:action(function()
    if spec.run or not state.spec then state.spec, state.element, state.path = spec, element, full end
  end)
  state.elements[full] = element
  if spec.commands then
    element:require_command(false)
    decorate(element, spec, state, full)
    for _, inner in ipairs(spec.commands) do add_command(element, inner, state, full) end
  else
    define(element, spec)
    if spec.name == "help" then element._is_help_command = true end -- so the scripts of `completion` know what follows it
    decorate(element, spec, state, full)
    state.places[spec.name] = full
  end
end

--- Returns the parser of the command, and the state that it fills in: `spec` and `element` of the called command.
---@param specs table[] descriptions of commands
---@param out table
---@return table root
---@return table state
function parser.build(specs, out)
  local state = { out = out, places = {}, elements = {} }
  local root = argparse("rille"):require_command(false)
  decorate(root, {
    commands = specs,
    description = "rille: data access for Lua with schema.prisma, on " .. database.list("title", " and ") .. ".",
    examples = {
      { "rille init --with-model", "Begin a project here." },
      { "rille migrate dev --name init", "Create a migration from the schema and apply it." },
      { "rille help migrate dev", "What a command does, with examples." },
    },
    exit_codes = "0 done, 1 error, 2 wrong usage; some commands have others, see their help.",
  }, state, "rille")
  root:flag "-v --version":description "Show the version and stop.":action(function()
    local version = require("rille").version
    pcall(out.data, out, "rille " .. version)
    if out.json then pcall(out.finish, out, { rille = version }) end
    os.exit(0, true)
  end)
  state.elements["rille"] = root
  for _, spec in ipairs(specs) do add_command(root, spec, state, "rille") end
  state.root = root
  return root, state
end

--- Returns the command that the words name, as far as they name one: "rille migrate".
function parser.path(words, state)
  local path = "rille"
  for _, word in ipairs(words) do
    if state.elements[path .. " " .. word] then path = path .. " " .. word end
  end
  return path
end

--- Puts the common options, wherever they are in the line, where the command looks for them.
function parser.settle(args, path)
  local full = ""
  for word in path:gmatch "%S+" do
    full = full == "" and word or full .. " " .. word
    args.schema = args["schema of " .. full] or args.schema
    args.url = args["url of " .. full] or args.url
  end
  return args
end

--- Returns the parser's message about wrong usage in a readable form.
---@param message string
---@param state table
---@return string
function parser.explain(message, state)
  local text = message:gsub("\n", "; "):gsub("Did you mean", "did you mean")
  local wrong = message:match "^unknown command '([^']*)'"
  local place = wrong and state.places[wrong]
  if place then text = ("unknown command '%s'; did you mean `%s`?"):format(wrong, place) end
  return (text:gsub("'([^']*)'", "`%1`"))
end

return parser
