--- Files of the user, read up to a limit.
local errors = require "rille.errors"

local bounded = {}

--- Returns the text of a file; nil if it does not exist or is a folder. Errors: VALIDATION (longer than `most` bytes).
---@param path string
---@param most integer
---@return string|nil
function bounded.read(path, most)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text, folder = file:read(most + 1)
  file:close()
  if not text then return not folder and "" or nil end
  if #text > most then errors.raise("VALIDATION", "`%s` is longer than %d bytes, the limit for this file", path, most) end
  return text
end

return bounded
