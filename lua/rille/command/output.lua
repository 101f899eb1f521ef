--- Output of the command: text for people, with colours on a terminal; one JSON document for programs; questions; errors.
local rille = require "rille"
local errors = rille.tools.errors

local output = {}
output.__index = output

local STDOUT = io.stdout -- scripts may have another: see keep_stdout

local CODES = { bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36" }

--- Returns whether a stream of this process (0, 1 or 2) is a terminal.
---@param stream integer
---@return boolean
function output.is_terminal(stream)
  local status = os.execute("test -t " .. stream)
  return status == true or status == 0
end

local function wants_colour(options, stream)
  local off = os.getenv "NO_COLOR"
  if options.no_color or options.json or (off and off ~= "") or os.getenv "TERM" == "dumb" then return false end
  return output.is_terminal(stream)
end

--- An output for one run of the command.
---@param options { json?: boolean, no_color?: boolean }
function output.new(options)
  local self = setmetatable({ json = options.json or false, stream = STDOUT }, output)
  self.colours = { [STDOUT] = wants_colour(options, 1), [io.stderr] = wants_colour(options, 2) }
  return self
end

--- With --json, stdout has one document: what scripts print (of a seed, a migration, the console) goes to stderr, for the rest of the process.
function output:keep_stdout()
  if not self.json then return end
  rawset(io, "stdout", io.stderr)
  io.output(io.stderr)
  rawset(_G, "print", function(...)
    local texts = {}
    for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
    io.stderr:write(table.concat(texts, "\t"), "\n")
  end)
end

-- Checks every write: a full disk is an error.
local function must(ok, why)
  if not ok then errors.raise("VALIDATION", "the output cannot be written: %s", tostring(why)) end
end

--- Writes a document or a text to stdout.
function output.write(text) must(STDOUT:write(text)) end

--- Flushes everything that was written. Errors: VALIDATION.
function output.flush() must(STDOUT:flush()) end

--- Returns a text in a colour, if the stream shows colours.
function output:paint(colour, text, stream)
  if not self.colours[stream or self.stream] then return text end
  return ("\27[%sm%s\27[0m"):format(CODES[colour], text)
end

--- Sends text for people to stderr from now on, because stdout carries data.
function output:data_on_stdout() self.stream = io.stderr end

--- Writes a line for people; nothing with --json.
function output:line(format, ...)
  if self.json then return end
  local ok, why = self.stream:write(select("#", ...) > 0 and format:format(...) or format or "", "\n")
  if self.stream == STDOUT then must(ok, why) end
end

--- Writes lines with a mark in front: done, warnings, failures.
function output:done(format, ...) self:line("%s %s", self:paint("green", "✓"), format:format(...)) end
function output:warn(format, ...) self:line("%s %s", self:paint("yellow", "!"), format:format(...)) end
function output:fail(format, ...) self:line("%s %s", self:paint("red", "✗"), format:format(...)) end

--- Writes data that people and programs read to stdout, even if other text goes to stderr.
function output:data(text)
  if self.json then return end
  output.write(text)
  if text ~= "" and text:sub(-1) ~= "\n" then output.write "\n" end
end

-- JSON ------------------------------------------------------------------------------------------------------------------------------------------

local ARRAY = getmetatable(rille.array {})

local function is_array(value)
  if getmetatable(value) == ARRAY or #value > 0 then return true end
  return false
end

local encode

-- Bytes that are not UTF-8 are written in PostgreSQL's hexadecimal format, because JSON has no bytes.
local function encode_text(value)
  local ok, text = pcall(rille.json.encode, value)
  if ok then return text end
  return '"\\\\x' .. value:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end) .. '"'
end

local function encode_table(value, depth)
  if depth > 60 then return rille.json.encode "..." end
  local parts = {}
  if is_array(value) then
    for i = 1, #value do parts[i] = encode(value[i], depth + 1) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local keys, by_text = {}, {}
  for key in pairs(value) do
    local text = tostring(key)
    keys[#keys + 1], by_text[text] = text, value[key]
  end
  table.sort(keys)
  for i, key in ipairs(keys) do parts[i] = encode_text(key) .. ":" .. encode(by_text[key], depth + 1) end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- Keys sorted, so that the same result is the same text.
function encode(value, depth)
  local kind = type(value)
  if kind == "table" then return encode_table(value, depth) end
  if kind == "string" then return encode_text(value) end
  if kind == "boolean" or value == rille.null then return rille.json.encode(value) end
  if kind == "number" then
    local ok, text = pcall(rille.json.encode, value)
    return ok and text or rille.json.encode(tostring(value))
  end
  return kind == "nil" and "null" or rille.json.encode(tostring(value))
end

--- Returns a result as JSON text: decimals and values that JSON does not have become strings.
---@param value any
---@return string
function output.encode(value) return encode(value, 0) end

--- Marks a list as an array in JSON, even if it is empty.
function output.list(list) return rille.array(list or {}) end

--- Ends the run: with --json the result of the command as one document.
function output:finish(result)
  if self.json then output.write(output.encode(result or { ok = true }) .. "\n") end
  output.flush()
end

-- Questions -------------------------------------------------------------------------------------------------------------------------------------

--- Returns whether it can ask questions: there is a terminal, and no --json.
function output:can_ask()
  if self.asking == nil then self.asking = not self.json and output.is_terminal(0) and output.is_terminal(2) end
  return self.asking
end

--- Asks for a line; nil at the end of the input. Only after can_ask.
function output:ask(question)
  STDOUT:flush()
  io.stderr:write(self:paint("bold", "? ", io.stderr), question, " ")
  io.stderr:flush()
  local answer = io.read "*l"
  if not answer then io.stderr:write "\n" end
  return answer and answer:match "^%s*(.-)%s*$"
end

--- Asks for yes or no; without an answer, no.
function output:confirm(question)
  local answer = (self:ask(question .. " (y/N)") or ""):lower()
  return answer == "y" or answer == "yes"
end

--- Requires consent to what cannot be undone: the flag, or the word `yes` typed on a terminal. Errors: VALIDATION, which names the flag.
---@param forced boolean|nil the flag was given
---@param what string what is about to happen
---@param flag string such as "--force"
function output:require_consent(forced, what, flag)
  if forced then return end
  if not self:can_ask() then
    errors.raise("VALIDATION", "%s: this cannot be undone, and there is no terminal to ask on; use %s to do it", what, flag)
  end
  self:warn("%s: this cannot be undone.", what)
  if self:ask "Type `yes` to continue:" ~= "yes" then errors.raise("VALIDATION", "stopped: nothing was changed") end
end

return output
