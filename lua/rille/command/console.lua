--- `rille console`: a Lua prompt with `db` and `rille`, or the same for a script on standard input.
local rille = require "rille"
local tools = rille.tools
local errors = tools.errors
local faults = require "rille.command.faults"
local output = require "rille.command.output"

local load_text = loadstring or load -- Lua 5.1 has another name for it

-- Names of a session are in a separate table, which falls back to the usual globals.
local function environment(db)
  local env = setmetatable({ db = db, rille = rille }, { __index = _G })
  env._G = env
  return env
end

-- A local at the top level would end with its statement, so the session turns it into a global. Nil if the text does not begin with one.
local function lift(text)
  local rest = text:match "^%s*local%s+(function%s.*)$"
  if rest then return rest end
  local names, at = {}, text:match "^%s*local%s+()"
  while at do
    local name, after, comma = text:match("^([%a_][%w_]*)%s*()(,?)%s*", at)
    if not name then return nil end
    names[#names + 1] = name
    at = comma == "," and text:match("^,%s*()", after) or nil
    rest = text:sub(after)
  end
  if not rest or rest:find "^<" then return nil end
  if rest:find "^=[^=]" then return table.concat(names, ", ") .. rest end
  return table.concat(names, ", ") .. " = nil" .. (rest:find "^;" and "" or "; ") .. rest
end

local function load_in(text, env)
  if not setfenv then return load(text, "=console", "t", env) end
  local chunk, why = load_text(text, "=console")
  if chunk then setfenv(chunk, env) end
  return chunk, why
end

local function compile(text, env)
  local lifted = lift(text)
  local chunk = load_in("return " .. text, env) or lifted and load_in(lifted, env)
  if chunk then return chunk end
  return load_in(text, env)
end

-- Returns whether a text is incomplete: Lua's error is about its end.
local function is_open(why) return why:find("near '?<eof>'?$") ~= nil end

local function show_value(out, value)
  out:line("%s", rille.inspect(value, { paint = function(text) return out:paint("bold", text) end }))
end

local function pack(...) return { n = select("#", ...), ... } end

-- Runs one text; returns true and its results, or false and the error.
local function evaluate(chunk)
  local results = pack(xpcall(chunk, function(e)
    if type(e) == "string" then return e:gsub("^console:%d+: ", "") end
    return e
  end))
  if not results[1] then return false, results[2] end
  return true, { n = results.n - 1, (table.unpack or unpack)(results, 2, results.n) }
end

local function show_error(out, e)
  if errors.is_error(e) then
    local stream = out.stream
    faults.show(out, e)
    out.stream = stream
  else
    output.flush()
    io.stderr:write(out:paint("red", "error:", io.stderr), " ", tostring(e), "\n")
  end
end

local function run_chunk(out, chunk, scripted)
  local ok, results = evaluate(chunk)
  if not ok then
    if scripted and faults.is_interrupt(results) then error(results, 0) end
    show_error(out, results)
    return false
  end
  for i = 1, results.n do
    if not (results.n == 1 and results[1] == nil) then show_value(out, results[i]) end
  end
  return true
end

-- A reader of lines: of a library if there is one, with history and completion, otherwise of io.
local function reader()
  local found, readline = pcall(require, "readline")
  if found and type(readline) == "table" and readline.readline then
    local words = { "db", "rille", "find_many", "find_first", "find_unique", "create", "update", "delete", "count", "where", "include", "select", "order_by" }
    pcall(function() -- optional; versions of the library differ
      readline.set_options { keeplines = 1000, completion = false }
      readline.set_complete_list(words)
    end)
    return readline.readline, true
  end
  local line_found, linenoise = pcall(require, "linenoise")
  if line_found and type(linenoise) == "table" and linenoise.linenoise then
    return function(prompt)
      local line = linenoise.linenoise(prompt)
      if line and line ~= "" and linenoise.historyadd then linenoise.historyadd(line) end
      return line
    end, true
  end
  return function(prompt)
    io.stdout:write(prompt)
    io.stdout:flush()
    return io.read "*l"
  end, false
end

local WORDS = { help = ".help", exit = ".exit", quit = ".exit", ["exit()"] = ".exit", ["quit()"] = ".exit" }

local HELP = [[
db            the client of this project: db.user:find_many { where = { ... } }
rille         the module
.models       names of the models
.help  .exit  this text; the end (or Ctrl-D)
What is not complete goes on in the next line; an empty line gives it up.]]

local function meta_command(out, line, env)
  if line == ".help" then out:line("%s", HELP)
  elseif line == ".models" then
    out:line("%s", table.concat(tools.models(env.db), "  "))
  elseif line == ".exit" or line == ".quit" then return "exit"
  elseif line:find "^%.%a" then show_error(out, ("unknown command `%s`; .help lists the commands"):format(line))
  else return nil end
  return "done"
end

-- Handles one line of a session; returns an incomplete statement, and whether this is the end.
local function take_line(out, env, text, line)
  local word = line:match "^%s*(.-)%s*$"
  local name = WORDS[word] and word:match "%a+"
  local known = not text and meta_command(out, name and env[name] == nil and WORDS[word] or word, env)
  if known or line == "" or not (text or word ~= "") then return nil, known == "exit" end
  text = text and text .. "\n" .. line or line
  local chunk, why = compile(text, env)
  if chunk then run_chunk(out, chunk)
  elseif is_open(why) then return text
  else show_error(out, (why:gsub("^console:%d+: ", ""))) end
  return nil
end

-- Ctrl-C abandons the current line; the second one ends Lua's own program.
local function interactive(call, env)
  local out = call.out
  local read, edits = reader()
  out:line("rille %s on %s; .help for help, Ctrl-D to leave%s", env.rille.version, tools.url_shown(call:url()),
    edits and "" or " (with lua-readline, or under rlwrap, lines can be edited)")
  local text, ended
  repeat
    local ok, e = pcall(function()
      local line = read(text and "   .. " or "rille> ")
      if line then text, ended = take_line(out, env, text, line)
      else
        ended = true
        out:line()
      end
    end)
    if not ok and not faults.is_interrupt(e) then error(e, 0) end
    if not ok then
      text, ended = nil, false
      out:line()
    end
  until ended
end

-- Returns whether the next line of a script belongs to a statement that could end here: it begins no statement, and together they are valid.
local function goes_on(text, line, env)
  if not line then return false end
  local alone, why = compile(line, env)
  if alone or is_open(why) then return false end
  local both
  both, why = compile(text .. "\n" .. line, env)
  return both ~= nil or is_open(why)
end

local function lines_of(text)
  local lines = {}
  for line in (text:gsub("^#[^\n]*", "") .. "\n"):gmatch "(.-)\r?\n" do lines[#lines + 1] = line end
  return lines
end

-- Runs statements one after the other and shows their values. A Lua file on standard input runs in the same way.
local function batch(call, env, text)
  local out = call.out
  local results, pending, good = {}, nil, true
  local function finish(chunk)
    if not out.json then
      good = run_chunk(out, chunk, true)
      return
    end
    local ok, values = evaluate(chunk)
    if not ok then error(values, 0) end
    for i = 1, values.n do results[#results + 1] = values[i] end
  end
  local lines = lines_of(text)
  for i, line in ipairs(lines) do
    if good and (pending or line:find "%S") then
      pending = pending and pending .. "\n" .. line or line
      local chunk, why = compile(pending, env)
      if chunk and not goes_on(pending, lines[i + 1], env) then
        finish(chunk)
        pending = nil
      elseif not chunk and not is_open(why) then
        errors.raise("VALIDATION", "%s", (why:gsub("^console:%d+: ", "")))
      end
    end
  end
  if good and pending then errors.raise("VALIDATION", "the last statement is not complete: %s", pending) end
  return { results = output.list(results) }, good and 0 or 1
end

local function run(call)
  call:check_schema()
  local db = call:connect()
  local env = environment(db)
  local result, status = nil, 0
  local ok, e = pcall(function()
    if call.args.eval then result, status = batch(call, env, call.args.eval)
    elseif output.is_terminal(0) and not call.out.json then interactive(call, env)
    else result, status = batch(call, env, io.read "*a" or "") end
  end)
  db:close()
  if not ok then error(e, 0) end
  return result, status
end

return {
  {
    name = "console",
    summary = "A Lua prompt with `db` and `rille`.",
    description = "Shows values of expressions, and rows as a table. Without a terminal, it reads statements from standard input. With lua-readline or "
      .. "linenoise, lines can be edited.",
    examples = {
      { "rille console" },
      { "rille console -e 'db.user:count()'" },
      { "echo 'db.user:find_many()' | rille console --json", "{ \"results\": [...] }" },
    },
    define = function(p) p:option "--eval":hidden_name "-e":argname "<lua>":description "(-e) Run this instead of a prompt." end,
    run = run,
  },
}
