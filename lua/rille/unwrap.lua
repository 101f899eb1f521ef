--- Models of extended clients are tables around the model of the core. Code that hands a model to the core unwraps it first.
local RAW = {}

local unwrap = {}

--- The key of the core's model in the model of an extended client.
unwrap.KEY = RAW

--- Returns the core's model. Everything that is not a model of an extended client is returned as it is.
---@param model any
---@return any
function unwrap.model(model)
  return type(model) == "table" and rawget(model, RAW) or model
end

return unwrap
