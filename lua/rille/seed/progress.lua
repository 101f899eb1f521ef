--- A progress bar for rows that are created: only on a terminal, so that logs stay readable.
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

--- mode: nil or true: a bar on a terminal, otherwise nothing; false: nothing; "lines": a line when it is complete; a function: called with (label,
--- done, total).
function progress.new(mode, label, total)
  local write
  if type(mode) == "function" then
    write = function(done) mode(label, done, total) end
  elseif mode == "lines" then
    write = function(done)
      if done >= total then io.stderr:write(("%s: %d rows\n"):format(label, total)) end
    end
  elseif mode ~= false and total > 1 and is_terminal() then
    write = function(done)
      local filled = math.floor(WIDTH * done / total)
      io.stderr:write(("\r%-20s [%s%s] %d/%d%s"):format(label, ("#"):rep(filled), ("."):rep(WIDTH - filled), done, total, done >= total and "\n" or ""))
    end
  end
  return write or function() end
end

return progress
