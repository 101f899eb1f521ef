--- Files from outside, read up to a bound.
local errors = require "rille.errors"

local bounded = {}

--- The text of a file; nil when there is none, or when it is a folder. VALIDATION when it is longer than `most` bytes.
---@param path string
---@param most integer
---@return string|nil
function bounded.read(path, most)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text, folder = file:read(most + 1)
  file:close()
  if not text then return not folder and "" or nil end
  if #text > most then errors.raise("VALIDATION", "`%s` is longer than %d bytes, which is the most that is read", path, most) end
  return text
end

return bounded
