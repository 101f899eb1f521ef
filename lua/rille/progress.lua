--- A progress bar: only on a terminal, so that logs stay readable.
local options = require "rille.options"

local progress = {}

local WIDTH = 30

local known
local function is_terminal()
  if known == nil then
    local status = os.execute "test -t 2"
    known = status == true or status == 0
  end
  return known
end

local function draw(label, done, total)
  if not total then
    io.stderr:write(("\r%-20s %d"):format(label, done))
    return
  end
  local filled = math.floor(WIDTH * math.min(done, total) / total)
  io.stderr:write(("\r%-20s [%s%s] %d/%d%s"):format(label, ("#"):rep(filled), ("."):rep(WIDTH - filled), done, total, done >= total and "\n" or ""))
end

--- Returns a function that reports how many of `total` are done, on stderr. By default (or with true) it is a bar on a terminal, and nothing elsewhere;
--- false: nothing; "lines": one line when it is complete; a function: it is called with (label, done, total).
---@param label string
---@param total integer|nil nil: unknown; then there is a number instead of a bar
---@param mode? boolean|"lines"|fun(label: string, done: integer, total: integer|nil)
---@return fun(done: integer)
function progress.progress(label, total, mode)
  if type(label) ~= "string" then options.refuse("rille.progress", "a string", label) end
  if total ~= nil and (type(total) ~= "number" or total % 1 ~= 0) then options.refuse("rille.progress: total", "an integer", total) end
  if type(mode) == "function" then
    return function(done) mode(label, done, total) end
  elseif mode == "lines" then
    return function(done)
      if total and done >= total then io.stderr:write(("%s: %d row%s\n"):format(label, total, total == 1 and "" or "s")) end
    end
  elseif mode ~= nil and type(mode) ~= "boolean" then
    options.refuse("rille.progress: mode", 'true, false, "lines" or a function', mode)
  elseif mode ~= false and (not total or total > 1) and is_terminal() then
    return function(done) draw(label, done, total) end
  end
  return function() end
end

return progress
